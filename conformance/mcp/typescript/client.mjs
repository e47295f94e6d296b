// The official TypeScript clients: list and call every tool of a server over HTTP and on standard input.
// client.mjs LABEL VERSION CALLS TARGET…: VERSION 2025-11-25 with @modelcontextprotocol/sdk, 2026-07-28 with @modelcontextprotocol/client;
// TARGET an http address with its token, or a command.
import { readFileSync } from "node:fs";

const [label, version, callsFile, ...target] = process.argv.slice(2);
const calls = JSON.parse(readFileSync(callsFile, "utf8"));
let failed = 0;
const check = (what, fits, detail = "") => {
  failed += fits ? 0 : 1;
  console.log(fits ? `ok    ${label}: ${what}` : `FAIL  ${label}: ${what}: ${detail}`);
};

const http = target[0].startsWith("http");
const headers = { Authorization: `Bearer ${target[1]}` };
const command = { command: target[0], args: target.slice(1), env: { ...process.env }, stderr: "ignore" };

async function connectSdk() {
  const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
  const { StreamableHTTPClientTransport } = await import("@modelcontextprotocol/sdk/client/streamableHttp.js");
  const { StdioClientTransport } = await import("@modelcontextprotocol/sdk/client/stdio.js");
  const client = new Client({ name: "conformance", version: "1" });
  const transport = http ? new StreamableHTTPClientTransport(new URL(target[0]), { requestInit: { headers } }) : new StdioClientTransport(command);
  await client.connect(transport);
  return client;
}

async function connectClient() {
  const { Client, StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
  const { StdioClientTransport } = await import("@modelcontextprotocol/client/stdio");
  const client = new Client({ name: "conformance", version: "1" }, { versionNegotiation: { mode: "auto" } });
  const transport = http ? new StreamableHTTPClientTransport(new URL(target[0]), { requestInit: { headers } }) : new StdioClientTransport(command);
  await client.connect(transport);
  return client;
}

const client = await (version === "2025-11-25" ? connectSdk() : connectClient());
const negotiated = client.getNegotiatedProtocolVersion?.() ?? client.transport?.protocolVersion ?? version;
check(`speaks ${version}`, negotiated === version, negotiated);
const { tools } = await client.listTools();
const names = new Set(tools.map((tool) => tool.name));
check("every tool has a call", calls.length === names.size && calls.every(([name]) => names.has(name)));
for (const [name, args] of calls) {
  try {
    const result = await client.callTool({ name, arguments: args }, undefined, { timeout: 90_000 });
    const text = result.content[0]?.text ?? "";
    const same = JSON.stringify(JSON.parse(text)) === JSON.stringify(result.structuredContent);
    check(name, !result.isError && same, text.slice(0, 300));
  } catch (error) {
    check(name, false, String(error).slice(0, 300));
  }
}
const { resources } = await client.listResources();
check("resources are listed", resources.some((one) => one.uri === "ttai://alerts"));
const { prompts } = await client.listPrompts();
check("prompts are listed", prompts.length === 6);
await client.close();
process.exit(failed > 0 ? 1 : 0);
