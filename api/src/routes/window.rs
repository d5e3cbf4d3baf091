//! The parameters by which every route asks for a window of time and scopes.

use crate::problem::Problem;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::str::FromStr;
use waymark_analytics::{Engine, Window, WindowRequest};

/// Which scopes, which periods.
#[derive(Clone, Debug, Default)]
pub(crate) struct WindowParams {
    pub(crate) scope_kind: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) grain: Option<String>,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    pub(crate) last: Option<u32>,
}

/// Declares the parameters of a route that is asked for a window: those of the window, in the same words everywhere, and
/// behind them its own. Who uses it brings `WindowParams`, `number` and `text` into scope.
macro_rules! params_with_window {
    ($(#$about:tt)* $name:ident { $($own:tt)* }) => {
        $(#$about)*
        #[derive(Clone, Debug, Default, serde::Deserialize, utoipa::IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub(crate) struct $name {
            /// `service`, `team`, `system`, `organisation`, `component`, `component_team`, `component_alternative`,
            /// `component_reason`, `category` or `category_vendor`;
            /// default: the organisation, or every component or category for a metric of those.
            #[serde(default, deserialize_with = "text")]
            pub(crate) scope_kind: Option<String>,
            /// The scope's name; several are separated by commas, and `\,` is a comma of a name.
            #[serde(default, deserialize_with = "text")]
            pub(crate) scope: Option<String>,
            /// `day`, `week`, `month`, `quarter`, or `window` for the whole range; default: week.
            #[serde(default, deserialize_with = "text")]
            pub(crate) grain: Option<String>,
            /// First day: `2026-03-02`, `2026-W10`, `2026-Q1`, or an RFC 3339 instant.
            #[serde(default, deserialize_with = "text")]
            pub(crate) from: Option<String>,
            /// First day that no longer belongs to it, in the same forms.
            #[serde(default, deserialize_with = "text")]
            pub(crate) to: Option<String>,
            /// How many complete periods before now; default: 13, and 90 days for `grain=window`.
            #[serde(default, deserialize_with = "number")]
            #[param(minimum = 1)]
            pub(crate) last: Option<u32>,
            $($own)*
        }

        impl $name {
            /// The same question without what is not about its window.
            pub(crate) fn window_params(&self) -> WindowParams {
                WindowParams {
                    scope_kind: self.scope_kind.clone(),
                    scope: self.scope.clone(),
                    grain: self.grain.clone(),
                    from: self.from.clone(),
                    to: self.to.clone(),
                    last: self.last,
                }
            }
        }
    };
}

pub(crate) use params_with_window;

/// A number of a form, whose empty field says nothing.
pub(crate) fn number<'de, D: Deserializer<'de>, N: FromStr>(deserializer: D) -> Result<Option<N>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?.filter(|text| !text.trim().is_empty());
    let read =
        |text: String| text.trim().parse().map_err(|_| D::Error::custom(format!("`{text}` is no whole number that fits")));
    text.map(read).transpose()
}

/// A text of a form, whose empty field says nothing.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty()))
}

/// A scope's name as the parameter `scope` takes it: a comma of its own stands behind a backslash.
pub(crate) fn one_scope(name: &str) -> String {
    name.replace(',', "\\,")
}

/// The scopes that a parameter names.
fn scopes(text: &str) -> Vec<String> {
    let mut scopes = vec![String::new()];
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, scopes.last_mut()) {
            ('\\', Some(scope)) if letters.peek() == Some(&',') => scope.extend(letters.next()),
            (',', _) => scopes.push(String::new()),
            (letter, Some(scope)) => scope.push(letter),
            (_, None) => {}
        }
    }
    scopes.iter().map(|scope| scope.trim().to_owned()).collect()
}

impl WindowParams {
    /// The window that was asked for; without a scope it is the organisation's or all components'.
    pub(crate) async fn window(self, engine: &Engine, subject: waymark_analytics::Subject) -> Result<Window, Problem> {
        if self.last == Some(0) {
            return Err(Problem::bad_parameter("`last` counts back from now: 0 would be no period at all, give at least 1"));
        }
        let opened = engine.newest().await?;
        let definitions = engine.definitions();
        let request = WindowRequest {
            grain: self.grain,
            from: self.from,
            to: self.to,
            last: self.last,
            scope_kind: Some(self.scope_kind.unwrap_or_else(|| subject.scope_kind().to_owned())),
            scopes: self.scope.as_deref().map(scopes).unwrap_or_default(),
        };
        let window = request.understand(opened.as_of(), definitions.zone())?;
        engine.check_scopes(&window).await?;
        Ok(window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_behind_a_backslash_belongs_to_the_name() {
        assert_eq!(scopes("checkout, cart"), ["checkout", "cart"]);
        assert_eq!(scopes(r"red\, white,blue\x"), ["red, white", r"blue\x"]);
        for name in ["Payments, EMEA", "plain", ",", "a,,b"] {
            assert_eq!(scopes(&one_scope(name)), [name]);
        }
    }
}
