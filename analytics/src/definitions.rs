//! `Definitions`: what an organisation says about itself: zone, settings, environments, and the
//! registers of its platform. Facts read them as small tables (`registers.rs`).

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Everything in the configuration on which a number can depend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Definitions {
    /// The IANA zone in which days begin. Default `UTC`.
    pub zone: String,
    /// The name of the scope that holds every service. Default `organisation`.
    pub organisation: String,
    /// Numbers that belong to definitions.
    pub settings: Settings,
    /// Which environment names mean what; the first match wins, before the built-in ones.
    #[serde(rename = "environment")]
    pub environments: Vec<EnvironmentRule>,
    /// The capabilities of the platform.
    #[serde(rename = "component")]
    pub components: Vec<Component>,
    /// Which components are mandated.
    #[serde(rename = "mandate")]
    pub mandates: Vec<Mandate>,
    /// Who may stay off the paved road, and until when.
    #[serde(rename = "exemption")]
    pub exemptions: Vec<Exemption>,
    /// What adoption is aimed at.
    #[serde(rename = "target")]
    pub targets: Vec<Target>,
    /// Which paths of a shared repository belong to which service.
    pub service_paths: Vec<ServicePaths>,
    /// Which pull requests mend something, beside the built-in rules.
    #[serde(rename = "hotfix")]
    pub hotfixes: Vec<HotfixRule>,
    /// What people judged of single deployments.
    #[serde(rename = "verdict")]
    pub verdicts: Vec<Judgement>,
}

/// Numbers that belong to definitions; a changed one is a changed definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Days after which a deployment's failures are taken as known. Default 7.
    pub observation_window_days: i64,
    /// Days without commit or deployment after which a service is no longer active. Default 90.
    pub active_service_window_days: i64,
    /// Days for which a finding in configuration is believed. Default 14.
    pub evidence_ttl_static_days: i64,
    /// Days for which a finding at run time is believed. Default 28.
    pub evidence_ttl_runtime_days: i64,
    /// Days that a service must have used a component before it can leave it. Default 28.
    pub left_min_adopted_days: i64,
    /// Answers below which a survey cell is withheld; at least 5. Default 5.
    pub survey_k: i64,
    /// Seconds by which clocks of two sources may contradict each other. Default 300.
    pub skew_tolerance_seconds: i64,
    /// Hours after which an unfinished deployment counts as unknown. Default 24.
    pub deployment_timeout_hours: i64,
}

/// One rule for environment names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentRule {
    /// The name in any case, with `*` for any text.
    pub pattern: String,
    /// `production`, `staging`, `testing`, `development` or `other`.
    pub tier: String,
}

/// One capability of the platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// The id that evidence names.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// `ci`, `deploy`, `logging`, `secrets`, `base-image`, `runtime`, `template` …
    pub category: String,
    /// The team that offers it.
    pub owner: String,
    /// `pilot`, `general` or `deprecated`.
    pub lifecycle: String,
    /// The day from which anybody could use it.
    pub released_on: Option<NaiveDate>,
    /// Made for services with one of these tags; empty = for all.
    #[serde(default)]
    pub fit_any_tags: Vec<String>,
    /// Not made for services with one of these tags.
    #[serde(default)]
    pub fit_no_tags: Vec<String>,
}

/// A component that services must use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mandate {
    /// The component concerned.
    pub component: String,
    /// The day on which it was announced.
    pub announced_on: NaiveDate,
    /// The day by which it is due.
    pub due_on: NaiveDate,
}

/// A service that may stay off the paved road for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exemption {
    /// The component that it need not use.
    pub component: String,
    /// The service concerned.
    pub service: String,
    /// Why it was granted.
    pub reason: String,
    /// Who decided it.
    pub owner: String,
    /// The day on which it began.
    pub opened_on: NaiveDate,
    /// The day on which it is looked at again.
    pub review_by: NaiveDate,
    /// The day on which it ends.
    pub expires_on: NaiveDate,
}

/// What the adoption of a component is aimed at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The component concerned.
    pub component: String,
    /// The share of eligible services, 0 to 1.
    pub share: f64,
    /// The day by which it should be reached.
    pub due_on: NaiveDate,
}

/// The paths by which a service receives changes of a repository that it shares with others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServicePaths {
    /// The service that receives the changes.
    pub service: String,
    /// The repository that it shares.
    pub repository: String,
    /// Its own paths: `**` stands for any text, `*` and `?` stay within a folder's name.
    pub globs: Vec<String>,
    /// Paths of libraries that it is built from, and that others are built from too.
    #[serde(default)]
    pub shared: Vec<String>,
}

/// A mark by which a pull request is known to mend something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HotfixRule {
    /// A label in any case, with `*` for any text.
    pub label: Option<String>,
    /// The name of its branch in any case, with `*` for any text.
    pub branch: Option<String>,
}

/// What a person judged of one deployment; it stands above all other evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    /// The deployment, by our id or by its source's own.
    pub deployment: String,
    /// Whether it needed immediate intervention.
    pub is_failure: bool,
    /// Why, for whoever asks later.
    pub reason: String,
}

impl Default for Definitions {
    fn default() -> Self {
        Self {
            zone: "UTC".to_owned(),
            organisation: "organisation".to_owned(),
            settings: Settings::default(),
            environments: Vec::new(),
            components: Vec::new(),
            mandates: Vec::new(),
            exemptions: Vec::new(),
            targets: Vec::new(),
            service_paths: Vec::new(),
            hotfixes: Vec::new(),
            verdicts: Vec::new(),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            observation_window_days: 7,
            active_service_window_days: 90,
            evidence_ttl_static_days: 14,
            evidence_ttl_runtime_days: 28,
            left_min_adopted_days: 28,
            survey_k: 5,
            skew_tolerance_seconds: 300,
            deployment_timeout_hours: 24,
        }
    }
}

const TIERS: &[&str] = &["production", "staging", "testing", "development", "other"];

impl Definitions {
    /// The zone, or UTC where the text names none; `problems` tells the difference.
    pub fn zone(&self) -> Tz {
        self.zone.parse().unwrap_or(Tz::UTC)
    }

    /// The component of this id.
    pub fn component(&self, id: &str) -> Option<&Component> {
        self.components.iter().find(|component| component.id == id)
    }

    /// A text that differs whenever a number could.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(serde_json::to_vec(self).unwrap_or_default());
        hash.update(crate::facts::ENGINE_VERSION.to_le_bytes());
        for fact in crate::facts::FACTS {
            hash.update(format!("{} {:?} {:?}", fact.name, fact.key, fact.units));
        }
        for sql in crate::facts::statements() {
            hash.update(sql);
        }
        let digest = hash.finalize();
        let first = digest.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        format!("{first:016x}")
    }

    /// What is wrong, in words for the person who wrote it; empty when all is well.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.zone.parse::<Tz>().is_err() {
            problems.push(format!("zone `{}` is no IANA zone: write one such as `Europe/Berlin`", self.zone));
        }
        if self.settings.survey_k < 5 {
            problems.push("settings.survey_k is below 5: smaller groups would show single people".to_owned());
        }
        for rule in self.environments.iter().filter(|rule| !TIERS.contains(&rule.tier.as_str())) {
            problems.push(format!("environment `{}`: tier `{}` is none of {}", rule.pattern, rule.tier, TIERS.join(", ")));
        }
        let mut ids: Vec<&str> = self.components.iter().map(|component| component.id.as_str()).collect();
        ids.sort_unstable();
        for pair in ids.windows(2).filter(|pair| pair[0] == pair[1]) {
            problems.push(format!("component `{}` is described twice", pair[0]));
        }
        let named = self
            .mandates
            .iter()
            .map(|mandate| ("mandate", &mandate.component))
            .chain(self.exemptions.iter().map(|exemption| ("exemption", &exemption.component)))
            .chain(self.targets.iter().map(|target| ("target", &target.component)));
        for (kind, component) in named.filter(|(_, component)| self.component(component).is_none()) {
            problems.push(format!("{kind}: component `{component}` is not described by a `[[component]]`"));
        }
        for target in self.targets.iter().filter(|target| !(0.0..=1.0).contains(&target.share)) {
            problems.push(format!("target of `{}`: share {} is not between 0 and 1", target.component, target.share));
        }
        for rule in self.hotfixes.iter().filter(|rule| rule.label.is_some() == rule.branch.is_some()) {
            problems.push(format!("hotfix {rule:?}: write either a label or a branch"));
        }
        for paths in self.service_paths.iter().filter(|paths| paths.globs.is_empty() && paths.shared.is_empty()) {
            problems.push(format!("service_paths of `{}` in `{}`: no globs are given", paths.service, paths.repository));
        }
        for exemption in self.exemptions.iter().filter(|exemption| exemption.expires_on <= exemption.opened_on) {
            let (service, component) = (&exemption.service, &exemption.component);
            problems.push(format!("exemption of `{service}` from `{component}` ends before it begins"));
        }
        problems
    }
}
