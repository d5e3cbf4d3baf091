//! `waymark doctor`: what is wrong or unknown, what it does to which number, what to do about it.

use super::explain::told;
use super::workplace::Workplace;
use super::{Place, output};
use anyhow::{Context, bail};
use waymark_analytics::{Case, ServiceCoverage, SourceRhythm};
use waymark_api::doctor::{CASES, DAYS, Diagnosis, FindingBody, days_back, diagnosis, ended, pauses};
use waymark_api::encode;
use waymark_event::Instant;
use waymark_reports::wording;

/// Flags of `waymark doctor`.
#[derive(Debug, clap::Args)]
pub(crate) struct DoctorArgs {
    /// Days that are looked at, with today.
    #[arg(long, value_name = "COUNT", default_value_t = DAYS)]
    days: u32,
    /// Services, environments or repositories of each finding that are told.
    #[arg(long, value_name = "COUNT", default_value_t = CASES)]
    cases: usize,
    /// End with exit code 1 when something was found.
    #[arg(long)]
    strict: bool,
}

/// Services that are told; `--json` has them all.
const SERVICES_MAX: usize = 20;

/// Prints what the doctor found.
pub(crate) async fn run(place: &Place, args: DoctorArgs) -> anyhow::Result<()> {
    let workplace = Workplace::existing(place).await?;
    let engine = workplace.engine().await?;
    let diagnosis = diagnosis(&engine, args.days, args.cases).await.map_err(told)?;
    if place.json {
        output::answer(&serde_json::to_string_pretty(&diagnosis).context("failed to write JSON")?);
    } else {
        for line in lines(&diagnosis) {
            output::answer(&encode::harmless(&line));
        }
    }
    if args.strict && diagnosis.found > 0 {
        bail!("{} found, and `--strict` asks for none", wording::counted(i64::try_from(diagnosis.found)?, "kind of findings"));
    }
    Ok(())
}

fn lines(diagnosis: &Diagnosis) -> Vec<String> {
    let mut lines = vec![output::folded(&format!(
        "as of {}, snapshot {}, zone {}; days from {} until before {}",
        diagnosis.as_of, diagnosis.snapshot, diagnosis.zone, diagnosis.from, diagnosis.to
    ))];
    if let Some(ended_at) = ended(diagnosis.newest_event_at, diagnosis.as_of) {
        let days = days_back(ended_at, diagnosis.as_of);
        lines.push(output::folded(&format!(
            "the newest deployment or pipeline run ended at {ended_at}: `--days {days}` looks at the days before it"
        )));
    }
    for finding in diagnosis.findings.iter().filter(|finding| finding.items > 0) {
        lines.push(String::new());
        lines.extend(finding_lines(finding));
    }
    let sound: Vec<&str> =
        diagnosis.findings.iter().filter(|finding| finding.items == 0).map(|finding| finding.finding).collect();
    lines.push(String::new());
    let sound = if sound.is_empty() { "nothing".to_owned() } else { sound.join(", ") };
    lines.push(output::folded(&format!("looked for and not found: {sound}")));
    lines.push(String::new());
    lines.push("Sources".to_owned());
    lines.extend(diagnosis.sources.iter().map(|source| output::folded(&source_line(source))));
    lines.push(String::new());
    lines.push("Services, the least covered first: environment, commits and clocks known".to_owned());
    lines.extend(diagnosis.services.iter().take(SERVICES_MAX).map(service_line));
    let unseen = diagnosis.services.len().saturating_sub(SERVICES_MAX);
    if unseen > 0 {
        lines.push(format!("  and {unseen} more: `waymark doctor --json` has them all"));
    }
    lines
}

fn finding_lines(finding: &FindingBody) -> Vec<String> {
    let mut lines = vec![
        output::folded(&format!("{}: {}", finding.title, finding.text)),
        output::folded(&format!("  does  {}", finding.effect)),
        output::folded(&format!("  do    {}", finding.remedy)),
    ];
    for case in &finding.cases {
        lines.extend(case_lines(case));
    }
    let unseen = finding.subjects.saturating_sub(finding.cases.len());
    if unseen > 0 {
        lines.push(format!("    and {unseen} more: `--cases {}` shows them", finding.subjects));
    }
    lines
}

fn case_lines(case: &Case) -> Vec<String> {
    let told = [case.newest_at.map(Instant::to_rfc3339), case.example.clone(), case.url.clone()];
    let beside: Vec<String> = told.into_iter().flatten().collect();
    let mut lines = vec![format!("    {:<40} {:>8}  {}", case.subject, wording::count(case.items), beside.join("  "))];
    for line in case.suggestion.iter().flat_map(|suggestion| suggestion.lines()) {
        lines.push(format!("        {line}"));
    }
    lines
}

fn source_line(source: &SourceRhythm) -> String {
    let [usual, silent] = pauses(source);
    let rhythm = match usual {
        Some(pause) => format!("usually every {pause}"),
        None => "no rhythm yet".to_owned(),
    };
    format!(
        "  {:<40} {:>20}  newest {}  {rhythm}, silent for {}{}",
        format!("{} by {}, connection {}", source.source, source.channel, source.connection),
        wording::counted(source.deliveries, "delivery"),
        source.newest_at.map_or_else(|| "never".to_owned(), Instant::to_rfc3339),
        silent.unwrap_or_default(),
        if source.is_stale { "  SILENT" } else { "" }
    )
}

fn service_line(service: &ServiceCoverage) -> String {
    let of = |known: i64, all: i64| if all == 0 { "–".to_owned() } else { format!("{known} of {all}") };
    format!(
        "  {:<28} {:>14} {:>14} {:>14}  owner {}, incidents {}",
        service.service,
        of(service.attempts_with_tier, service.attempts),
        of(service.deployments_with_commits, service.deployments),
        of(service.changes_with_clock, service.changes),
        service.owner.as_deref().unwrap_or("none"),
        if service.has_incidents { "told" } else { "never named it" }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_data_end_is_told_first() {
        let diagnosis = Diagnosis {
            as_of: Instant::parse("2026-08-03T06:00:00Z").unwrap(),
            snapshot: "1".to_owned(),
            zone: "UTC".to_owned(),
            from: "2026-05-05".to_owned(),
            to: "2026-08-04".to_owned(),
            newest_event_at: Some(Instant::parse("2025-08-03T06:00:00Z").unwrap()),
            found: 0,
            findings: Vec::new(),
            sources: Vec::new(),
            services: Vec::new(),
        };
        let told = lines(&diagnosis).join(" ");
        // A year and the ninety days before it.
        assert!(told.contains("2025-08-03T06:00:00Z") && told.contains("455`"), "{told}");
        let fresh = Diagnosis { newest_event_at: Some(diagnosis.as_of), ..diagnosis };
        assert!(!lines(&fresh).join(" ").contains("newest deployment"));
    }

    #[test]
    fn one_delivery_is_not_many() {
        let source = SourceRhythm {
            source: "cd".to_owned(),
            connection: "main".to_owned(),
            channel: "webhook".to_owned(),
            deliveries: 1,
            observations: 1,
            rejections: 0,
            newest_at: None,
            usual_pause_seconds: None,
            silent_seconds: Some(60.0),
            is_stale: false,
        };
        let line = source_line(&source);
        assert!(line.contains(" 1 delivery  newest never  no rhythm yet, silent for 60 s"), "{line}");
    }
}
