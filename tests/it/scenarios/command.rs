//! The commands of a scenario that are not SQL: `metric …`, `answer …`, `fact …` and `start over`.

use waymark_analytics::{ANSWERS, Answer, Definitions, Grain, Metric, Window, find, find_finding, local_midnight, profiles};
use waymark_event::Instant;

/// What one record of a scenario asks for.
pub(super) enum Command<'text> {
    /// Empties all tables.
    StartOver,
    /// Computes a fact and all above it.
    Fact(&'text str),
    /// One metric over a window, as of an instant.
    Metric(&'static Metric, Window, Instant),
    /// A fixed answer or a finding over a window, as of an instant; it may read another answer.
    Answer(&'static Answer, Option<&'static Answer>, Window, Instant),
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
        ["answer", name, "from", from, "to", to, "as", "of", as_of] => answer(name, "window", [from, to], as_of),
        ["answer", name, "by", grain, "from", from, "to", to, "as", "of", as_of] => answer(name, grain, [from, to], as_of),
        ["answer", ..] => Err(format!("`{text}`: write answer NAME [by GRAIN] from DAY to DAY as of DAY-OR-INSTANT")),
        ["metric", ..] => Err(format!("`{text}`: write metric ID by GRAIN from DAY to DAY as of DAY-OR-INSTANT [zone ZONE]")),
        _ => Ok(Command::Sql(text)),
    }
}

fn metric(id: &str, grain: &str, days: [&str; 2], as_of: &str, zone: &str) -> Result<Command<'static>, String> {
    let metric = find(id).or_else(|| profiles::metric(id)).ok_or_else(|| format!("`{id}` is no metric"))?;
    let (window, as_of) = window(grain, days, as_of, zone)?;
    Ok(Command::Metric(metric, window, as_of))
}

fn answer(name: &str, grain: &str, days: [&str; 2], as_of: &str) -> Result<Command<'static>, String> {
    let (window, as_of) = window(grain, days, as_of, "UTC")?;
    if let Some(finding) = find_finding(name) {
        return Ok(Command::Answer(&finding.answer, finding.over, window, as_of));
    }
    let found = ANSWERS.iter().find(|answer| answer.name == name);
    let answer = found.ok_or_else(|| format!("`{name}` is neither an answer nor a finding"))?;
    Ok(Command::Answer(answer, None, window, as_of))
}

fn window(grain: &str, days: [&str; 2], as_of: &str, zone: &str) -> Result<(Window, Instant), String> {
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
    Ok((window, as_of))
}
