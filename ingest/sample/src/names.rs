//! The words of the sample: services, teams, languages.
//!
//! Words only; which service has which story is decided in `organisation.rs`, by its place in this list.

/// Every service that has a name of its own: name, system, place of its team in [`TEAMS`].
pub(crate) const SERVICES: &[(&str, &str, usize)] = &[
    ("checkout", "shop", 2),
    ("ledger", "money", 0),
    ("search-index", "discovery", 1),
    ("storefront-web", "shop", 2),
    ("payment-gateway", "money", 0),
    ("coupon-service", "shop", 3),
    ("gift-cards", "shop", 2),
    ("customer-profile", "accounts", 1),
    ("order-history", "shop", 4),
    ("settlement-bridge", "money", 0),
    ("login", "accounts", 5),
    ("session-store", "accounts", 5),
    ("catalogue-api", "discovery", 6),
    ("product-page", "shop", 7),
    ("image-resizer", "discovery", 8),
    ("price-engine", "pricing", 9),
    ("promotion-rules", "pricing", 9),
    ("stock-levels", "logistics", 4),
    ("warehouse-gateway", "logistics", 4),
    ("shipment-tracking", "logistics", 4),
    ("returns", "logistics", 4),
    ("invoice-writer", "money", 0),
    ("tax-rules", "money", 0),
    ("consent-page", "accounts", 5),
    ("fraud-scoring", "risk", 3),
    ("sanction-screening", "risk", 3),
    ("seller-onboarding", "partners", 10),
    ("partner-feed", "partners", 10),
    ("affiliate-clicks", "partners", 10),
    ("recommendations", "discovery", 6),
    ("query-suggest", "discovery", 6),
    ("ranking-features", "discovery", 6),
    ("clickstream", "insight", 8),
    ("campaign-page", "shop", 7),
    ("experiment-results", "insight", 8),
    ("report-exports", "insight", 8),
    ("subscription-billing", "money", 0),
    ("newsletter", "messaging", 11),
    ("push-messages", "messaging", 12),
    ("mainframe-sync", "logistics", 4),
    ("mail-sender", "messaging", 11),
    ("support-desk", "care", 11),
    ("chat-routing", "care", 11),
    ("review-widget", "shop", 7),
    ("receipt-archive", "money", 0),
    ("app-gateway", "mobile", 12),
    ("app-config", "mobile", 12),
    ("device-registry", "mobile", 12),
    ("geo-lookup", "logistics", 4),
    ("delivery-slots", "logistics", 4),
    ("basket", "shop", 2),
    ("wish-list", "shop", 7),
    ("loyalty-points", "pricing", 9),
    ("help-centre", "care", 11),
    ("address-check", "logistics", 4),
    ("payout-scheduler", "money", 0),
    ("identity-proofing", "accounts", 5),
    ("feature-store", "insight", 8),
    ("developer-portal", "platform", 13),
    ("thumbnail-jobs", "discovery", 8),
];

/// Teams with their number of people; the one of four and the one of five are too small for a survey.
pub(crate) const TEAMS: &[(&str, usize)] = &[
    ("payments", 24),
    ("search", 20),
    ("storefront", 17),
    ("risk", 4),
    ("fulfilment", 21),
    ("identity", 19),
    ("catalogue", 18),
    ("content", 16),
    ("data-products", 15),
    ("pricing", 14),
    ("partners", 12),
    ("customer-care", 11),
    ("mobile-backend", 10),
    ("platform", 5),
];

/// Languages, as they stand in the tags of the catalogue.
pub(crate) const LANGUAGES: &[&str] = &["java", "go", "kotlin", "typescript", "python", "go", "java", "rust"];

/// What a change is about, for titles and branches.
pub(crate) const SUBJECTS: &[&str] = &[
    "retry policy",
    "request validation",
    "cache expiry",
    "pagination",
    "error messages",
    "database index",
    "timeout handling",
    "audit log",
    "currency rounding",
    "health check",
    "feature toggle",
    "contract tests",
    "batch size",
    "access rules",
    "metrics labels",
    "startup order",
];

/// What a change does to its subject.
pub(crate) const VERBS: &[&str] = &["Improve", "Add", "Simplify", "Correct", "Extend", "Remove", "Rework", "Tune"];

/// What dependencies a machine raises.
pub(crate) const DEPENDENCIES: &[&str] = &["http-client", "json-codec", "metrics-core", "test-containers", "log-facade", "orm"];
