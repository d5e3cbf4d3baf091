//! A document as one HTML page that needs nothing else: inline style, inline drawings, print style.

use crate::document::{Align, Block, Document, Entry, Item, List, Picture, Section, Sentence, Table, Width};
use crate::palette;
use crate::render::{followed, glued, neutral};
use crate::wording::finding::Tone;
use maud::{DOCTYPE, Markup, PreEscaped, html as markup};

const STYLE: &str = include_str!("report.css");
/// More columns than this leave the last ones beyond the edge of a phone, where their rows are stacked.
const FITTING_COLUMNS_MAX: usize = 3;

/// The document as a page.
pub fn html(document: &Document) -> String {
    let definitions: Vec<String> = document.definitions.iter().map(|(id, version)| format!("{id} v{version}")).collect();
    let page = markup! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="icon" href="data:,";
                title { (document.title) ", " (document.organisation) ", " (document.period) }
                style { (PreEscaped(palette::css())) (PreEscaped(STYLE)) }
            }
            body {
                main {
                    header.masthead {
                        p.organisation { (document.organisation) }
                        h1 { (document.title) }
                        p.period { (glued(&document.period)) }
                        p.about { (document.subtitle) " Data as of " (document.as_of_text) "." }
                    }
                    @for section in &document.sections { (drawn(section)) }
                    footer {
                        p { "Waymark · data as of " (document.as_of_text) " · snapshot " (document.snapshot) }
                        @if !definitions.is_empty() { p { "Definitions: " (definitions.join(", ")) } }
                    }
                }
            }
        }
    };
    neutral(page.into_string())
}

fn drawn(section: &Section) -> Markup {
    let is_quiet = section.blocks.iter().all(|block| matches!(block, Block::Note(_)));
    let is_lead = section.blocks.iter().any(|block| matches!(block, Block::Headline(_)));
    let class = match (is_lead, is_quiet) {
        (true, _) => "lead",
        (_, true) => "quiet",
        _ => "full",
    };
    markup! {
        section class=(class) aria-labelledby=(section.id) {
            div.heading {
                h2 id=(section.id) { (section.title) }
                @if !section.purpose.is_empty() && !is_quiet { p.purpose { (section.purpose) } }
            }
            div.blocks { @for block in &section.blocks { (said(block)) } }
        }
    }
}

fn said(block: &Block) -> Markup {
    match block {
        Block::Headline(sentence) => markup! { p class={ "headline " (tone(sentence)) } { (headed(&sentence.text)) } },
        Block::Finding(sentence) => markup! { p class={ "finding " (tone(sentence)) } { (glued(&sentence.text)) } },
        Block::Note(sentence) => markup! { p.note { (glued(&sentence.text)) } },
        Block::Table(table) => tabled(table),
        Block::Chart(picture) => pictured(picture),
        Block::List(list) => listed(list),
    }
}

/// What stands before the first colon is what the sentence is about.
fn headed(text: &str) -> Markup {
    let (subject, rest) = text.split_once(": ").unwrap_or(("", text));
    markup! { @if !subject.is_empty() { strong { (glued(subject)) ":" } " " } (glued(rest)) }
}

fn tone(sentence: &Sentence) -> &'static str {
    toned(sentence.tone)
}

const fn toned(tone: Tone) -> &'static str {
    match tone {
        Tone::Better => "better",
        Tone::Worse => "worse",
        Tone::Neutral => "neutral",
    }
}

fn pictured(picture: &Picture) -> Markup {
    let width = if picture.width == Width::Half { "half" } else { "whole" };
    // The drawing is our own and was escaped when it was made.
    markup! {
        figure class=(width) {
            div.scroll role="region" aria-label=(picture.title) tabindex="0" { (PreEscaped(&picture.svg)) }
        }
    }
}

fn tabled(table: &Table) -> Markup {
    let align = |index: usize| match table.columns.get(index).map(|column| column.align) {
        Some(Align::Right) => "number",
        _ => "word",
    };
    let title = |index: usize| table.columns.get(index).map_or("", |column| column.title.as_str());
    let class = (table.columns.len() > FITTING_COLUMNS_MAX).then_some("stacked");
    markup! {
        div.scroll role="region" aria-label=(table.caption) tabindex="0" {
            table class=[class] {
                caption { (table.caption) }
                thead { tr { @for (index, column) in table.columns.iter().enumerate() {
                    th scope="col" class=(align(index)) { (column.title) }
                } } }
                tbody { @for row in &table.rows { tr { @for (index, entry) in row.iter().enumerate() {
                    @if index == 0 { th scope="row" class=(align(index)) { (entered(entry)) } }
                    @else { td class=(align(index)) data-label=(title(index)) { (entered(entry)) } }
                } } } }
            }
        }
    }
}

fn entered(entry: &Entry) -> Markup {
    markup! {
        @if let Some(svg) = &entry.svg { (PreEscaped(svg)) }
        @else {
            span class={ "value " (toned(entry.tone)) } {
                @if let Some(link) = followed(entry.link.as_deref()) {
                    a href=(link) rel="noreferrer" { (glued(&entry.text)) }
                } @else { (glued(&entry.text)) }
            }
            @if !entry.detail.is_empty() { span.detail { (glued(&entry.detail)) } }
        }
    }
}

fn listed(list: &List) -> Markup {
    markup! {
        @if !list.title.is_empty() { h3 { (list.title) } }
        ol { @for item in &list.items { li { (itemised(item)) } } }
    }
}

fn itemised(item: &Item) -> Markup {
    markup! {
        span.what { (glued(&item.text)) }
        @if !item.detail.is_empty() { span.detail { (glued(&item.detail)) } }
        @if let Some(link) = followed(item.link.as_deref()) { a href=(link) rel="noreferrer" { "Evidence" } }
    }
}
