//! Packages in XML, as elements that hold a group, an artifact and a version.

use super::{Hit, is_coordinate};

/// An element that is open.
#[derive(Default)]
struct Element<'text> {
    name: &'text str,
    line: usize,
    group: &'text str,
    artifact: Option<(usize, &'text str)>,
    version: Option<&'text str>,
}

/// The line of the artifact in the first of the elements called `uses` that means the package.
pub(super) fn find(text: &str, uses: &[String], name: &str) -> Option<Hit> {
    let mut open: Vec<Element<'_>> = Vec::new();
    let mut line = 1;
    let mut rest = text;
    loop {
        let (before, markup) = rest.split_once('<')?;
        line += before.matches('\n').count();
        let (markup, after) = match markup.strip_prefix("!--") {
            Some(comment) => comment.split_once("-->")?,
            None => markup.split_once('>')?,
        };
        let is_comment = rest.get(before.len()..)?.starts_with("<!--");
        if let Some(closed) = markup.strip_prefix('/').filter(|_| !is_comment) {
            let element = open.pop().filter(|element| element.name == closed.trim())?;
            if let Some(hit) = hit(&element, name).filter(|_| uses.iter().any(|known| known == element.name)) {
                return Some(hit);
            }
            if let Some(parent) = open.last_mut() {
                parent.take(&element, before.trim());
            }
        } else if !is_comment && !markup.starts_with(['?', '!']) && !markup.ends_with('/') {
            let name = markup.split_whitespace().next().unwrap_or_default();
            open.push(Element { name, line, ..Element::default() });
        }
        line += markup.matches('\n').count();
        rest = after;
    }
}

impl<'text> Element<'text> {
    /// Takes over what an element inside says.
    fn take(&mut self, inner: &Element<'text>, said: &'text str) {
        match inner.name {
            "groupId" => self.group = said,
            "artifactId" => self.artifact = Some((inner.line, said)),
            "version" => self.version = Some(said),
            _ => {}
        }
    }
}

fn hit(element: &Element<'_>, name: &str) -> Option<Hit> {
    let (line, _) = element.artifact.filter(|(_, artifact)| is_coordinate(element.group, artifact, name))?;
    // A version that stands on a property is told elsewhere.
    let version = element.version.filter(|version| !version.is_empty() && !version.contains("${"));
    Some((line, version.map(str::to_owned)))
}
