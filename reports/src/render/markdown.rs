//! A document as commonly flavoured Markdown; drawings are told in words.

use crate::document::{Align, Block, Document, Entry, Item, Section, Table};
use crate::render::followed;
use crate::svg::markup::{is_unseen, put};

/// The document as Markdown text.
pub fn markdown(document: &Document) -> String {
    let mut out = String::new();
    put(&mut out, format_args!("# {}: {}\n\n", plain(&document.title), plain(&document.organisation)));
    put(&mut out, format_args!("{}. {}\n\n", plain(&document.period), plain(&document.subtitle)));
    for section in &document.sections {
        write_section(&mut out, section);
    }
    let definitions: Vec<String> = document.definitions.iter().map(|(id, version)| format!("{id} v{version}")).collect();
    put(
        &mut out,
        format_args!(
            "---\n\nData as of {} · snapshot {} · definitions {}\n",
            plain(&document.as_of_text),
            plain(&document.snapshot),
            plain(&definitions.join(", "))
        ),
    );
    out
}

fn write_section(out: &mut String, section: &Section) {
    put(out, format_args!("## {}\n\n", plain(&section.title)));
    if !section.purpose.is_empty() {
        put(out, format_args!("{}\n\n", plain(&section.purpose)));
    }
    for block in &section.blocks {
        match block {
            Block::Headline(sentence) => put(out, format_args!("**{}**\n\n", plain(&sentence.text))),
            Block::Finding(sentence) => put(out, format_args!("{}\n\n", plain(&sentence.text))),
            Block::Note(sentence) => put(out, format_args!("> {}\n\n", plain(&sentence.text))),
            Block::Chart(picture) => put(out, format_args!("*Chart: {}*\n\n", plain(&picture.alt))),
            Block::Table(table) => write_table(out, table),
            Block::List(list) => {
                if !list.title.is_empty() {
                    put(out, format_args!("{}\n\n", plain(&list.title)));
                }
                for item in &list.items {
                    put(out, format_args!("- {}\n", item_text(item)));
                }
                out.push('\n');
            }
        }
    }
}

fn item_text(item: &Item) -> String {
    let mut text = plain(&item.text);
    if !item.detail.is_empty() {
        put(&mut text, format_args!(" {}", plain(&item.detail)));
    }
    if let Some(link) = followed(item.link.as_deref()) {
        put(&mut text, format_args!(" ([evidence]({}))", address(link)));
    }
    text
}

fn write_table(out: &mut String, table: &Table) {
    let titles: Vec<String> = table.columns.iter().map(|column| plain(&column.title)).collect();
    let rules: Vec<&str> =
        table.columns.iter().map(|column| if column.align == Align::Right { "---:" } else { "---" }).collect();
    put(out, format_args!("| {} |\n| {} |\n", titles.join(" | "), rules.join(" | ")));
    for row in &table.rows {
        let entries: Vec<String> = row.iter().map(entry_text).collect();
        put(out, format_args!("| {} |\n", entries.join(" | ")));
    }
    out.push('\n');
}

fn entry_text(entry: &Entry) -> String {
    let mut text = plain(&entry.text);
    if let Some(link) = followed(entry.link.as_deref()) {
        text = format!("[{text}]({})", address(link));
    }
    if !entry.detail.is_empty() {
        put(&mut text, format_args!(" ({})", plain(&entry.detail)));
    }
    text
}

/// The text without any meaning to Markdown or HTML, and without what nobody sees.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' | '\t' => out.push(' '),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '!' | '~' => {
                out.push('\\');
                out.push(letter);
            }
            unseen if is_unseen(unseen) => {}
            _ => out.push(letter),
        }
    }
    out
}

fn address(link: &str) -> String {
    link.replace(' ', "%20").replace('(', "%28").replace(')', "%29").replace('<', "%3C").replace('>', "%3E")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hostile_gains_meaning() {
        assert_eq!(plain("<script>|*[x](y)"), "&lt;script&gt;\\|\\*\\[x\\](y)");
        assert_eq!(address("https://example.org/a)b c"), "https://example.org/a%29b%20c");
    }
}
