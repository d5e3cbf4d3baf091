//! The commands of a scenario that are not SQL: `metric …`, `fact …` and `start over`.

use waymark_analytics::{Definitions, Grain, Metric, Window, find, local_midnight, profiles};
use waymark_event::Instant;

/// What one record of a scenario asks for.
pub(super) enum Command<'text> {
    /// Empties all tables.
    StartOver,
    /// Computes a fact and all above it.
    Fact(&'text str),
    /// One metric over a window, as of an instant.
    Metric(&'static Metric, Window, Instant),
    /// Anything else: a statement or query for the engine.
    Sql(&'text str),
}

/// Reads a record; `Err` says in words how the command is written.
pub(super) fn read(text: &str) -> Result<Command<'_>, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["start", "over"] => Ok(Command::StartOver),
        ["fact", name] => Ok(Command::Fact(name)),
        ["metric", id, "by", grain, "from", from, "to", to, "as", "of", as_of] => metric(id, grain, [from, to], as_of, "UTC"),
        ["metric", id, "by", grain, "from", from, "to", to, "as", "of", as_of, "zone", zone] => {
            metric(id, grain, [from, to], as_of, zone)
        }
        ["metric", ..] => Err(format!("`{text}`: write metric ID by GRAIN from DAY to DAY as of DAY-OR-INSTANT [zone ZONE]")),
        _ => Ok(Command::Sql(text)),
    }
}

fn metric(id: &str, grain: &str, days: [&str; 2], as_of: &str, zone: &str) -> Result<Command<'static>, String> {
    let metric = find(id).or_else(|| profiles::metric(id)).ok_or_else(|| format!("`{id}` is no metric"))?;
    let grain = Grain::named(grain).ok_or_else(|| format!("`{grain}` is no grain"))?;
    let definitions = Definitions { zone: zone.to_owned(), ..Definitions::default() };
    if let Some(problem) = definitions.problems().into_iter().next() {
        return Err(problem);
    }
    let zone = definitions.zone();
    let day = |text: &str| text.parse::<chrono::NaiveDate>().map_err(|_| format!("`{text}` is no day"));
    let window = Window::between(grain, day(days[0])?, day(days[1])?, zone);
    let as_of = match day(as_of) {
        Ok(day) => local_midnight(day, zone),
        Err(_) => Instant::parse(as_of).map_err(|_| format!("`{as_of}` is neither a day nor an instant"))?,
    };
    Ok(Command::Metric(metric, window, as_of))
}
