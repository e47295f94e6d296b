// npm @tastytrade/api's QuoteStreamer (over @dxfeed/dxlink-api) and MarketDataStreamer, unmodified: streamers.mjs URL TOKEN CONTRACT
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import WebSocket from 'ws'

// The browser's WebSocket, which Node has had by itself since version 22.
globalThis.WebSocket ??= WebSocket
globalThis.window ??= { WebSocket }

const [url, token, contract] = process.argv.slice(2)
const folder = path.dirname(createRequire(import.meta.url).resolve('ws'))
const dist = path.join(folder, '..', '@tastytrade', 'api', 'dist')
const { default: QuoteStreamer } = await import(pathToFileURL(path.join(dist, 'quote-streamer.js')))
const { default: MarketDataStreamer } = await import(pathToFileURL(path.join(dist, 'market-data-streamer.js')))

function until(what, missing, begin) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what}: these did not come: ${[...missing]}`)), 60_000)
    begin(key => {
      missing.delete(key)
      if (missing.size === 0) {
        clearTimeout(timer)
        resolve()
      }
    })
  })
}

const accounts = { getApiQuoteToken: async () => ({ 'dxlink-url': url, token }) }
const streamer = new QuoteStreamer(accounts, console)
await streamer.connect()
const wanted = new Set(['Quote AAPL', 'Trade AAPL', 'Summary AAPL', 'Profile AAPL', `Greeks ${contract}`, `Quote ${contract}`, 'Candle AAPL{=5m}'])
await until('QuoteStreamer', wanted, seen => {
  streamer.addEventListener(events => events.forEach(event => seen(`${event.eventType} ${event.eventSymbol}`)))
  streamer.subscribe(['AAPL', contract])
  streamer.subscribeCandles('AAPL', Date.now() - 90 * 86_400_000, 5, 'm')
})
streamer.unsubscribe(['AAPL'])
streamer.disconnect()
console.log('QuoteStreamer saw everything')

const old = new MarketDataStreamer()
await until('MarketDataStreamer', new Set(['Quote', 'Trade', 'Candle']), seen => {
  old.addDataListener(frame => frame.data.forEach(part => seen(typeof part === 'string' ? part : part.eventType)))
  old.addSubscription('AAPL')
  old.addCandleSubscription('AAPL', Date.now() - 90 * 86_400_000, { period: 1, type: 'd' })
  old.connect(url, token)
})
old.removeAllSubscriptions()
old.disconnect()
console.log('MarketDataStreamer saw everything')
process.exit(0)
