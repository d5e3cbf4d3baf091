//! YAML as a tree with lines: anchors and merges followed, comments gone, scalars as they are written.
//!
//! JSON is YAML, too. Values keep their text, because a version `1.10` is no number.

pub(super) mod comments;
mod templated;

pub(super) use templated::open_value;

use saphyr_parser::{Event, Parser, Span};
use std::collections::BTreeMap;

/// A value and the line on which it begins.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

/// What a YAML value is.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// Values in one file, past which it is no configuration that people wrote.
const NODES_MAX: usize = 200_000;
/// How deep values may lie in each other.
const DEPTH_MAX: usize = 64;

/// The documents of a file; nothing when it cannot be understood.
pub(super) fn documents(text: &str) -> Option<Vec<Node>> {
    let text = text.trim_start_matches('\u{feff}');
    let mut builder = Builder { parser: Parser::new_from_str(text), anchors: BTreeMap::new(), nodes: 0 };
    let mut documents = Vec::new();
    loop {
        match builder.next()? {
            (Event::StreamEnd, _) => return Some(documents),
            (Event::DocumentStart(_), _) => {
                let (event, span) = builder.next()?;
                if let Event::DocumentEnd = event {
                    continue;
                }
                documents.push(builder.node(event, span, 0)?);
            }
            _ => {}
        }
    }
}

/// The same of a file that may be a template: where it is no YAML yet, what is filled in later is left out.
pub(super) fn documents_or_template(text: &str) -> Option<Vec<Node>> {
    let strict = documents(text);
    if strict.is_some() || !text.contains("{{") {
        return strict;
    }
    let readings = templated::readings(text)?;
    let read: Option<Vec<Vec<Node>>> = readings.iter().map(|reading| documents(reading)).collect();
    Some(read?.into_iter().flatten().collect())
}

struct Builder<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
}

impl<'a> Builder<'a> {
    fn next(&mut self) -> Option<(Event<'a>, Span)> {
        self.parser.next()?.ok()
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Option<Node> {
        self.nodes += 1;
        if self.nodes > NODES_MAX || depth > DEPTH_MAX {
            return None;
        }
        let line = span.start.line();
        let (anchor, value) = match event {
            Event::Scalar(text, _, anchor, _) => (anchor, Value::Text(text.into_owned())),
            Event::SequenceStart(anchor, _) => (anchor, Value::List(self.list(depth)?)),
            Event::MappingStart(anchor, _) => (anchor, Value::Map(self.map(depth)?)),
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor)?.clone();
                // A bomb of aliases would grow without reading a byte.
                self.nodes += node.count();
                return (self.nodes <= NODES_MAX).then_some(node);
            }
            _ => return None,
        };
        let node = Node { line, value };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Some(node)
    }

    fn list(&mut self, depth: usize) -> Option<Vec<Node>> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if let Event::SequenceEnd = event {
                return Some(items);
            }
            items.push(self.node(event, span, depth + 1)?);
        }
    }

    fn map(&mut self, depth: usize) -> Option<Vec<(String, Node)>> {
        let mut entries: Vec<(String, Node)> = Vec::new();
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if let Event::MappingEnd = event {
                break;
            }
            let key = self.node(event, span, depth + 1)?;
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            match key.value {
                Value::Text(key) if key == "<<" => merged.push(value),
                Value::Text(key) => entries.push((key, value)),
                Value::List(_) | Value::Map(_) => {}
            }
        }
        // What the map says itself comes before what it takes over.
        for source in merged {
            let sources = if let Value::List(sources) = source.value { sources } else { vec![source] };
            for (key, value) in sources.into_iter().flat_map(Node::into_entries) {
                if !entries.iter().any(|(known, _)| *known == key) {
                    entries.push((key, value));
                }
            }
        }
        Some(entries)
    }
}

impl Node {
    /// The value under a key.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// The entries of a map; none for anything else.
    pub(super) fn entries(&self) -> &[(String, Self)] {
        if let Value::Map(entries) = &self.value { entries } else { &[] }
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }

    /// Itself, or the items of a list.
    pub(super) fn each(&self) -> &[Self] {
        if let Value::List(items) = &self.value { items } else { std::slice::from_ref(self) }
    }

    /// The scalars at a path such as `jobs.*.uses`, each with the map in which it stands: `*` is any
    /// key, `A*` one that begins so, `**` any number of them, and lists are looked through.
    pub(super) fn at<'n>(&'n self, path: &str) -> Vec<(&'n Self, &'n Self)> {
        let mut found = Vec::new();
        self.descend(self, &path.split('.').collect::<Vec<_>>(), &mut found);
        found
    }

    fn descend<'n>(&'n self, parent: &'n Self, path: &[&str], found: &mut Vec<(&'n Self, &'n Self)>) {
        if let Value::List(items) = &self.value {
            return items.iter().for_each(|item| item.descend(parent, path, found));
        }
        let Some((key, rest)) = path.split_first() else {
            if self.text().is_some() {
                found.push((self, parent));
            }
            return;
        };
        if *key == "**" {
            self.descend(parent, rest, found);
            return self.entries().iter().for_each(|(_, value)| value.descend(self, path, found));
        }
        for (name, value) in self.entries() {
            if is_key(key, name) {
                value.descend(self, rest, found);
            }
        }
    }

    fn into_entries(self) -> Vec<(String, Self)> {
        if let Value::Map(entries) = self.value { entries } else { Vec::new() }
    }

    fn count(&self) -> usize {
        match &self.value {
            Value::Text(_) => 1,
            Value::List(items) => 1 + items.iter().map(Self::count).sum::<usize>(),
            Value::Map(entries) => 1 + entries.iter().map(|(_, value)| value.count()).sum::<usize>(),
        }
    }
}

/// Whether a part of a path means a key.
fn is_key(part: &str, name: &str) -> bool {
    // A dot inside a key is written as `\\` in a path, because keys such as `a.b/c` exist.
    let part = part.replace('\\', ".");
    part.strip_suffix('*').map_or(name == part, |begin| name.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, path: &str) -> Vec<(usize, String)> {
        let documents = documents(text).unwrap();
        let found = documents.iter().flat_map(|document| document.at(path));
        found.map(|(node, _)| (node.line, node.text().unwrap().to_owned())).collect()
    }

    #[test]
    fn anchors_merges_and_lists_are_looked_through() {
        let text = "base: &base\n  uses: a/b@v1\njobs:\n  one:\n    <<: *base\n  two:\n    <<: *base\n    uses: own@v2\n  three: *base\n";
        let found = at(text, "jobs.*.uses");
        assert_eq!(found, [(2, "a/b@v1".to_owned()), (8, "own@v2".to_owned()), (2, "a/b@v1".to_owned())]);
        assert_eq!(at("include:\n  - project: x\n  - project: y\n", "include.project").len(), 2);
        assert_eq!(at("include:\n  project: x\n", "include.project").len(), 1);
        assert_eq!(at("v: 1.10\n", "v"), [(1, "1.10".to_owned())]);
    }

    #[test]
    fn a_path_spans_depths_and_beginnings_of_keys() {
        let text = "\u{feff}a:\n  env:\n    - { name: X, value: one }\nenv: { OTHER: two, X_Y: three }\n";
        assert_eq!(at(text, "**.env.value"), [(3, "one".to_owned())]);
        assert_eq!(at(text, "**.env.X*"), [(4, "three".to_owned())]);
        assert_eq!(at(text, "a.**.name"), [(3, "X".to_owned())]);
    }

    #[test]
    fn a_template_is_read_without_its_actions() {
        let text = "{{- if .on }}\nkind: A\nspec:\n  {{- with .x }}\n  name: {{ .name | quote }}\n  store: b\n  {{- end }}\n{{- end }}\n";
        assert!(documents(text).is_none());
        let documents = documents_or_template(text).unwrap();
        let (store, _) = documents[0].at("spec.store")[0];
        assert_eq!((store.line, store.text()), (6, Some("b")));
        assert!(documents_or_template("a: [1, {{ .x }}\n").is_none(), "what is no YAML stays none");
    }

    #[test]
    fn what_is_no_yaml_is_nothing_and_bombs_do_not_go_off() {
        assert!(documents("a: [1, 2").is_none());
        let bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned()
            + &(1..12)
                .map(|level| {
                    let (before, this) = (level - 1, level);
                    let name = |level: usize| if level == 0 { "a".to_owned() } else { format!("a{level}") };
                    let aliases = vec![format!("*{}", name(before)); 10].join(", ");
                    format!("{0}: &{0} [{aliases}]\n", name(this))
                })
                .collect::<Vec<_>>()
                .concat();
        assert!(documents(&bomb).is_none());
    }
}
