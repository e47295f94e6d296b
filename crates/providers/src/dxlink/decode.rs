//! The events of one FEED_DATA frame, in COMPACT (values only, the field order is the server's FEED_CONFIG) or FULL
//! (objects) format. The frame itself tells which.

use super::fields::{EventFields, EventType, Field};
use super::json::{Cursor, Fault, Read};
use super::model::{
    CandleEvent, Event, GreeksEvent, ProfileEvent, QuoteEvent, SummaryEvent, TradeEvent, Wire,
};

/// Reads the array at the cursor, hands every event to `sink` and leaves the cursor behind the array. Types that are not
/// read are left out. Events before a fault have been handed over.
#[inline]
pub(super) fn events<'a>(
    cursor: &mut Cursor<'a>,
    fields: &EventFields,
    sink: &mut impl FnMut(Event<'a>),
) -> Read<()> {
    cursor.expect(b'[', "the data are no array")?;
    if cursor.take(b']') {
        return Ok(());
    }
    loop {
        match cursor.peek() {
            b'"' => compact(cursor, fields, sink)?,
            b'{' => full(cursor, sink)?,
            _ => return Err(cursor.fault("an event type or an event is missing")),
        }
        if !cursor.more(b']')? {
            return Ok(());
        }
    }
}

/// `"Quote", ["AAPL", 1.0, 2.0, "MSFT", 3.0, 4.0]`
#[inline]
fn compact<'a>(cursor: &mut Cursor<'a>, fields: &EventFields, sink: &mut impl FnMut(Event<'a>)) -> Read<()> {
    let name = cursor.string()?;
    cursor.expect(b',', "the values of an event type are missing")?;
    let Some(event_type) = EventType::from_name(&name) else { return cursor.skip() };
    let Some(order) = fields.of(event_type).filter(|order| !order.is_empty()) else {
        return Err(cursor.fault("no FEED_CONFIG said which fields this event type has"));
    };
    match event_type {
        EventType::Quote => batch::<QuoteEvent<'a>>(cursor, event_type, order, sink),
        EventType::Trade | EventType::TradeEth => batch::<TradeEvent<'a>>(cursor, event_type, order, sink),
        EventType::Greeks => batch::<GreeksEvent<'a>>(cursor, event_type, order, sink),
        EventType::Summary => batch::<SummaryEvent<'a>>(cursor, event_type, order, sink),
        EventType::Profile => batch::<ProfileEvent<'a>>(cursor, event_type, order, sink),
        EventType::Candle => batch::<CandleEvent<'a>>(cursor, event_type, order, sink),
    }
}

#[inline]
fn batch<'a, E: Wire<'a>>(
    cursor: &mut Cursor<'a>,
    event_type: EventType,
    order: &[Field],
    sink: &mut impl FnMut(Event<'a>),
) -> Read<()> {
    cursor.expect(b'[', "the values of an event type are no array")?;
    if cursor.take(b']') {
        return Ok(());
    }
    loop {
        let mut event = E::blank(event_type);
        let mut more = true;
        for field in order {
            if !more {
                return Err(cursor.fault("an event has fewer values than fields"));
            }
            event.set(*field, cursor)?;
            more = cursor.more(b']')?;
        }
        sink(event.into_event());
        if !more {
            return Ok(());
        }
    }
}

/// `{"eventType": "Quote", "eventSymbol": "AAPL", …}`; the type may come anywhere, so it is looked for first.
fn full<'a>(cursor: &mut Cursor<'a>, sink: &mut impl FnMut(Event<'a>)) -> Read<()> {
    let mut ahead = *cursor;
    let mut event_type = None;
    members(&mut ahead, |field, value| {
        if field == Field::EventType {
            event_type = EventType::from_name(&value.string()?);
            return Ok(());
        }
        value.skip()
    })?;
    match event_type {
        Some(event_type @ EventType::Quote) => object::<QuoteEvent<'a>>(cursor, event_type, sink),
        Some(event_type @ (EventType::Trade | EventType::TradeEth)) => {
            object::<TradeEvent<'a>>(cursor, event_type, sink)
        }
        Some(event_type @ EventType::Greeks) => object::<GreeksEvent<'a>>(cursor, event_type, sink),
        Some(event_type @ EventType::Summary) => object::<SummaryEvent<'a>>(cursor, event_type, sink),
        Some(event_type @ EventType::Profile) => object::<ProfileEvent<'a>>(cursor, event_type, sink),
        Some(event_type @ EventType::Candle) => object::<CandleEvent<'a>>(cursor, event_type, sink),
        None => {
            *cursor = ahead;
            Ok(())
        }
    }
}

fn object<'a, E: Wire<'a>>(
    cursor: &mut Cursor<'a>,
    event_type: EventType,
    sink: &mut impl FnMut(Event<'a>),
) -> Read<()> {
    let mut event = E::blank(event_type);
    members(cursor, |field, value| event.set(field, value))?;
    sink(event.into_event());
    Ok(())
}

fn members<'a>(
    cursor: &mut Cursor<'a>,
    mut read: impl FnMut(Field, &mut Cursor<'a>) -> Result<(), Fault>,
) -> Read<()> {
    cursor.expect(b'{', "an event is no object")?;
    if cursor.take(b'}') {
        return Ok(());
    }
    loop {
        let field = Field::from_name(&cursor.key()?);
        read(field, cursor)?;
        if !cursor.more(b'}')? {
            return Ok(());
        }
    }
}
