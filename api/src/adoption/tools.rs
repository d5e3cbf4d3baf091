//! How many tools do the same thing: for each category what services use, and how scattered that is.

use super::board::now;
use super::story::Tally;
use super::told::Told;
use crate::problem::Problem;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use waymark_analytics::{Engine, TOOLS};

/// One category and the tools in use for it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Category {
    /// What the tools are for.
    pub category: String,
    /// Each tool with the services that use it, most used first.
    pub tools: Vec<Tally>,
    /// To how many equally used tools this amounts: the exponential of Shannon's entropy.
    pub effective_tools: f64,
    /// The same by the inverse of Herfindahl's index, which weighs the large ones more.
    pub dominant_tools: f64,
}

/// Every category in which more than nothing is used, by name.
pub(super) async fn categories(engine: &Engine) -> Result<Vec<Category>, Problem> {
    let opened = engine.newest().await?;
    let told = Told::of(&engine.answer(&TOOLS, &now(opened.as_of(), engine.definitions().zone())).await?);
    let mut categories: BTreeMap<String, Vec<Tally>> = BTreeMap::new();
    for row in told.rows() {
        let (Some(category), Some(what)) = (row.text("category"), row.text("tool")) else { continue };
        let services = usize::try_from(row.count("services")).unwrap_or(0);
        categories.entry(category).or_default().push(Tally { what, services });
    }
    let category = |(category, tools): (String, Vec<Tally>)| {
        let (effective_tools, dominant_tools) = scattered(&tools);
        Category { category, tools, effective_tools, dominant_tools }
    };
    Ok(categories.into_iter().map(category).collect())
}

/// The effective number of tools by entropy and by concentration.
fn scattered(tools: &[Tally]) -> (f64, f64) {
    let all = tools.iter().map(|tool| tool.services).sum::<usize>() as f64;
    let shares = tools.iter().filter(|tool| tool.services > 0).map(|tool| tool.services as f64 / all);
    let (entropy, concentration) = shares
        .fold((0.0, 0.0), |(entropy, concentration), share| (entropy - share * share.ln(), concentration + share * share));
    if concentration > 0.0 { (entropy.exp(), 1.0 / concentration) } else { (0.0, 0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_three_tenths_and_a_fifth_are_less_than_three_tools() {
        let tools = [5, 3, 2].map(|services| Tally { what: String::new(), services });
        let (effective, dominant) = scattered(&tools);
        assert!((effective - 2.8001).abs() < 5e-5 && (dominant - 2.6316).abs() < 5e-5, "{effective}, {dominant}");
        assert_eq!(scattered(&[]), (0.0, 0.0));
    }
}
