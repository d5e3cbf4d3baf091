//! A push to the default branch: one squashed commit.

use crate::github::{Author, local_time};
use crate::turn::Turn;
use waymark_event::Instant;

/// The commit that was pushed.
pub(crate) struct Pushed<'a> {
    pub(crate) before: &'a str,
    pub(crate) after: &'a str,
    pub(crate) author: Author,
    pub(crate) title: &'a str,
    pub(crate) at: Instant,
}

/// The whole body, because a push has no object of its own.
pub(crate) fn push(turn: &Turn<'_>, pushed: &Pushed<'_>) -> String {
    let Pushed { before, after, author, title, at } = pushed;
    let name = &turn.service.name;
    let (login, author_name, mail) = (author.login(), author.name(), author.mail());
    let timestamp = local_time(*at, author.offset_minutes());
    let seconds = at.micros() / 1_000_000;
    let repository = turn.repository_json();
    let commit = format!(
        r#"{{"id":"{after}","message":"{title}","timestamp":"{timestamp}","url":"https://github.com/acme/{name}/commit/{after}","author":{{"name":"{author_name}","email":"{mail}","username":"{login}"}},"distinct":true,"added":[],"modified":["src/service.txt"],"removed":[]}}"#
    );
    format!(
        r#"{{"ref":"refs/heads/main","before":"{before}","after":"{after}","created":false,"deleted":false,"forced":false,"commits":[{commit}],"head_commit":{commit},"repository":{{{repository},"pushed_at":{seconds}}},"pusher":{{"name":"{login}"}},"sender":{}}}"#,
        author.account(),
    )
}
