//! The nine components of the sample's platform: what they are, whom they fit, how they are found.
//!
//! Who uses them, and from when, is `story.rs`; what people think of them is drawn in `survey.rs`.

use crate::organisation::Service;

/// One capability that the platform offers.
pub(crate) struct Component {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) category: &'static str,
    pub(crate) owner: &'static str,
    pub(crate) lifecycle: &'static str,
    /// When it was released, as a share of the plan; negative = before the first week.
    pub(crate) released_at: f64,
    /// It fits services with any of these tags; empty = all.
    pub(crate) fit_any_tags: &'static [&'static str],
    /// It fits no service with any of these tags.
    pub(crate) fit_no_tags: &'static [&'static str],
    pub(crate) detector: &'static str,
    /// The strength of what the detector finds, in our words for evidence.
    pub(crate) kind: &'static str,
    /// Where the detector finds it; empty for what is seen at run time.
    pub(crate) path: &'static str,
    pub(crate) line: i64,
    pub(crate) version: &'static str,
    /// What the two most usual other tools are called, each with the file in which it would be found.
    pub(crate) other: Option<[(&'static str, &'static str); 2]>,
    /// Share of promoters and of detractors among those who use it.
    pub(crate) liking: (f64, f64),
}

pub(crate) const CI_STANDARD: usize = 0;
pub(crate) const ONE_CLICK_DEPLOY: usize = 1;
pub(crate) const LOG_SHIPPER: usize = 2;
pub(crate) const SECRETS_VAULT: usize = 3;
pub(crate) const GOLDEN_IMAGE: usize = 4;
pub(crate) const SERVICE_TEMPLATE: usize = 5;
pub(crate) const FEATURE_FLAGS: usize = 6;
pub(crate) const DB_PROVISIONING: usize = 7;
pub(crate) const TRACING: usize = 8;

const PLAIN: Component = Component {
    id: "",
    title: "",
    category: "",
    owner: "platform",
    lifecycle: "general",
    released_at: -0.2,
    fit_any_tags: &[],
    fit_no_tags: &[],
    detector: "declared",
    kind: "config",
    path: "",
    line: 1,
    version: "1",
    other: None,
    liking: (0.35, 0.28),
};

/// All components, in the order of the constants above.
pub(crate) const COMPONENTS: &[Component] = &[
    Component {
        id: "ci-standard",
        title: "Standard build workflow",
        category: "ci",
        released_at: -0.6,
        fit_no_tags: &["mainframe"],
        detector: "workflow_uses",
        path: ".github/workflows/build.yml",
        line: 14,
        version: "v3",
        other: Some([("jenkins", "Jenkinsfile"), ("circleci", ".circleci/config.yml")]),
        liking: (0.44, 0.2),
        ..PLAIN
    },
    Component {
        id: "one-click-deploy",
        title: "One-click deployment",
        category: "deploy",
        released_at: 0.1,
        fit_any_tags: &["stateless-http"],
        detector: "deploy_actor",
        kind: "runtime",
        liking: (0.56, 0.13),
        ..PLAIN
    },
    Component {
        id: "log-shipper-v2",
        title: "Log shipper 2",
        category: "logging",
        released_at: 0.0,
        detector: "otel",
        path: "deploy/log-shipper.yaml",
        line: 6,
        version: "2.4",
        other: Some([("legacy-syslog", "deploy/rsyslog.conf"), ("legacy-syslog", "deploy/rsyslog.conf")]),
        liking: (0.3, 0.32),
        ..PLAIN
    },
    Component {
        id: "secrets-vault",
        title: "Secrets vault",
        category: "secrets",
        owner: "identity",
        detector: "secrets",
        path: "deploy/external-secret.yaml",
        line: 3,
        other: Some([("encrypted-env-file", "deploy/secrets.env"), ("encrypted-env-file", "deploy/secrets.env")]),
        liking: (0.07, 0.68),
        ..PLAIN
    },
    Component {
        id: "golden-base-image",
        title: "Golden base image",
        category: "runtime",
        released_at: -0.3,
        fit_no_tags: &["serverless", "mainframe"],
        detector: "dockerfile_from",
        path: "Dockerfile",
        line: 11,
        version: "2026.1",
        other: Some([("debian-slim", "Dockerfile"), ("alpine", "Dockerfile")]),
        ..PLAIN
    },
    Component {
        id: "service-template",
        title: "Service template",
        category: "scaffold",
        released_at: -0.1,
        detector: "template",
        path: ".copier-answers.yml",
        line: 2,
        version: "4.0",
        liking: (0.46, 0.16),
        ..PLAIN
    },
    Component {
        id: "feature-flags",
        title: "Feature flags",
        category: "release",
        owner: "mobile-backend",
        released_at: 0.25,
        detector: "declared",
        path: "catalog-info.yaml",
        line: 21,
        other: Some([("home-grown", "src/flags"), ("home-grown", "src/flags")]),
        liking: (0.75, 0.05),
        ..PLAIN
    },
    Component {
        id: "db-provisioning",
        title: "Database provisioning",
        category: "data",
        owner: "data-products",
        lifecycle: "pilot",
        fit_any_tags: &["postgres"],
        detector: "terraform",
        path: "infra/main.tf",
        line: 8,
        version: "0.9",
        other: Some([("own-terraform", "infra/main.tf"), ("own-terraform", "infra/main.tf")]),
        liking: (0.4, 0.22),
        ..PLAIN
    },
    Component {
        id: "tracing",
        title: "Tracing",
        category: "observability",
        fit_no_tags: &["mainframe"],
        detector: "otel",
        kind: "runtime",
        liking: (0.33, 0.27),
        ..PLAIN
    },
];

impl Component {
    /// Whether its fit rule lets a service use it.
    pub(crate) fn fits(&self, service: &Service) -> bool {
        let is_wanted = self.fit_any_tags.is_empty() || self.fit_any_tags.iter().any(|tag| service.has_tag(tag));
        is_wanted && !self.fit_no_tags.iter().any(|tag| service.has_tag(tag))
    }
}
