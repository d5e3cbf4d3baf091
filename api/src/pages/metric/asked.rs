//! The form by which a reader asks for another scope or period of the same number; it needs no script.

use crate::routes::RowsParams;
use maud::{Markup, html};
use waymark_analytics::{Grain, Metric, Subject, Window};

const SERVICE_KINDS: &[&str] = &["organisation", "system", "team", "service"];
const COMPONENT_KINDS: &[&str] = &["component", "component_team"];
const CATEGORY_KINDS: &[&str] = &["category", "category_vendor"];

/// The form, filled with what is shown.
pub(super) fn form(metric: &Metric, params: &RowsParams, window: &Window) -> Markup {
    let kinds = match metric.subject {
        Subject::Services => SERVICE_KINDS,
        Subject::Components => COMPONENT_KINDS,
        Subject::Categories => CATEGORY_KINDS,
    };
    let last = params.last.map(|last| last.to_string()).unwrap_or_default();
    html! {
        form.asked method="get" action={ "/metrics/" (metric.id) } {
            label { "Scope" select name="scope_kind" {
                @for kind in kinds { option value=(kind) selected[*kind == window.scope_kind] { (kind.replace('_', " by ")) } }
            } }
            label { "Name" input name="scope" value=(params.scope.as_deref().unwrap_or_default()) placeholder="all of them" autocomplete="off"; }
            label { "Period" select name="grain" {
                @for grain in Grain::ALL.iter().rev() {
                    option value=(grain.as_str()) selected[*grain == window.grain] {
                        @if *grain == Grain::Window { "whole range" } @else { (grain.as_str()) }
                    }
                }
            } }
            label { "From" input name="from" type="date" value=(params.from.as_deref().unwrap_or_default()); }
            label { "Until before" input name="to" type="date" value=(params.to.as_deref().unwrap_or_default()); }
            label { "or last" input.short name="last" type="number" min="1" max="2000" value=(last); }
            button { "Show" }
        }
    }
}
