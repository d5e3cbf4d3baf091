//! Which production deployment is the first to contain each commit.
//!
//! A pure walk over the commit graph of one repository and the deployments of one stream, without
//! dates: an ancestor is never deployed later than its descendant, so a walk stops wherever an
//! earlier deployment has been. Which deployments count, and which paths of a repository belong to
//! a service, is decided by the caller.

use std::collections::{HashMap, HashSet};
use waymark_event::Instant;

/// The mark of a commit that no deployment contains.
const NONE: u32 = u32::MAX;

/// The commits of one repository and their parents, as dense arrays.
///
/// A commit's position is its place among the distinct shas of the rows. Parents that are no rows
/// themselves (shallow history) follow after all rows: they can be walked to, but not beyond.
#[derive(Clone, Debug)]
pub struct CommitGraph {
    positions: Positions,
    /// For each row, whether its parents were not reported.
    is_cut: Vec<bool>,
    /// For each row the place of its first parent, and at the end the number of all parents.
    starts: Vec<u32>,
    parents: Vec<u32>,
    node_count: usize,
}

/// Where each sha stands. Nearly all are forty hexadecimal digits; as twenty bytes beside their
/// positions they stay within the processor's cache, which text elsewhere in memory does not.
#[derive(Clone, Debug, Default)]
struct Positions {
    binary: HashMap<[u8; 20], u32>,
    text: HashMap<Box<str>, u32>,
}

impl Positions {
    fn with_capacity(count: usize) -> Self {
        Self { binary: HashMap::with_capacity(count), text: HashMap::new() }
    }

    fn len(&self) -> usize {
        self.binary.len() + self.text.len()
    }

    fn get(&self, sha: &str) -> Option<u32> {
        match binary(sha) {
            Some(bytes) => self.binary.get(&bytes).copied(),
            None => self.text.get(sha).copied(),
        }
    }

    /// The position of a sha, the next free one if it is new.
    fn place(&mut self, sha: &str) -> u32 {
        let next = dense(self.len());
        match binary(sha) {
            Some(bytes) => *self.binary.entry(bytes).or_insert(next),
            None => *self.text.entry(Box::from(sha)).or_insert(next),
        }
    }
}

/// The value of each hexadecimal digit; a table, because digits of a sha defeat branch prediction.
static NIBBLES: [u8; 256] = {
    let mut values = [u8::MAX; 256];
    let mut digit = 0;
    while digit < 10 {
        values[b'0' as usize + digit as usize] = digit;
        digit += 1;
    }
    while digit < 16 {
        values[b'a' as usize + digit as usize - 10] = digit;
        values[b'A' as usize + digit as usize - 10] = digit;
        digit += 1;
    }
    values
};

/// Forty hexadecimal digits as twenty bytes; `None` for a text of any other form.
fn binary(sha: &str) -> Option<[u8; 20]> {
    let (pairs, rest) = sha.as_bytes().as_chunks::<2>();
    if pairs.len() != 20 || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; 20];
    let mut seen = 0;
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let (high, low) = (NIBBLES[usize::from(*high)], NIBBLES[usize::from(*low)]);
        seen |= high | low;
        *byte = high << 4 | low;
    }
    (seen < 16).then_some(bytes)
}

impl CommitGraph {
    /// Builds the graph from one row per commit; rows may come in any order.
    ///
    /// `None` instead of parents means that they were not reported, which is not the same as having
    /// none. Of two rows with one sha the first counts. The rows are read twice.
    pub fn from_rows<'a, R, P>(rows: R) -> Self
    where
        R: IntoIterator<Item = (&'a str, Option<P>)>,
        R::IntoIter: Clone,
        P: IntoIterator<Item = &'a str>,
    {
        let rows = rows.into_iter();
        let mut positions = Positions::with_capacity(rows.size_hint().0);
        let is_new: Vec<bool> = rows
            .clone()
            .map(|(sha, _)| {
                let next = dense(positions.len());
                positions.place(sha) == next
            })
            .collect();
        let row_count = positions.len();
        let mut is_cut = Vec::with_capacity(row_count);
        let mut starts = Vec::with_capacity(row_count + 1);
        let mut edges = Vec::with_capacity(row_count);
        for (_, parents) in rows.zip(is_new).filter_map(|(row, is_new)| is_new.then_some(row)) {
            is_cut.push(parents.is_none());
            starts.push(dense(edges.len()));
            for parent in parents.into_iter().flatten() {
                edges.push(positions.place(parent));
            }
        }
        starts.push(dense(edges.len()));
        Self { node_count: positions.len(), positions, is_cut, starts, parents: edges }
    }

    /// The position of a commit; `None` when no row has this sha.
    pub fn position(&self, sha: &str) -> Option<u32> {
        self.positions.get(sha).filter(|position| self.is_row(*position))
    }

    /// The number of commits that have a row.
    pub const fn len(&self) -> usize {
        self.is_cut.len()
    }

    /// Whether there are no commits at all.
    pub const fn is_empty(&self) -> bool {
        self.is_cut.is_empty()
    }

    fn is_row(&self, position: u32) -> bool {
        (position as usize) < self.len()
    }

    /// The known parents of a node, and whether there may be more that nobody reported.
    fn parents(&self, node: u32) -> (&[u32], bool) {
        let node = node as usize;
        let (Some([first, end]), Some(is_cut)) = (self.starts.get(node..node + 2), self.is_cut.get(node)) else {
            return (&[], true);
        };
        (self.parents.get(*first as usize..*end as usize).unwrap_or_default(), *is_cut)
    }
}

/// A successful deployment that reached users, of one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deployed<'a> {
    /// The deployment; breaks ties between deployments that finished together.
    pub deployment_id: &'a str,
    /// When the deployment finished.
    pub finished_at: Instant,
    /// The commit that it put into the environment.
    pub sha: &'a str,
}

impl<'a> Deployed<'a> {
    const fn order(&self) -> (Instant, &'a str) {
        (self.finished_at, self.deployment_id)
    }
}

/// How far the commits of a deployment can be trusted to be new in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttributionStatus {
    /// All of its history that no earlier deployment contains is known.
    Exact,
    /// The first deployment that is found: it takes the whole past, which says nothing about time.
    Baseline,
    /// Its commit or some of its new history is not known, so commits may be missing.
    Unknown,
}

impl AttributionStatus {
    /// The status as interfaces name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Baseline => "baseline",
            Self::Unknown => "unknown",
        }
    }
}

/// What one deployment was the first to contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewCommits {
    /// How far the number and the commits can be trusted.
    pub status: AttributionStatus,
    /// The number of commits first deployed by it; null when the status is unknown.
    pub new_commits: Option<u32>,
}

/// The first deployment of each commit, and what each deployment brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribution {
    /// One entry per deployment, in the order into which `attribute` sorted them.
    pub deployments: Vec<NewCommits>,
    first: Vec<u32>,
    /// The end and the id of the first deployment whose commit has a row.
    baseline: Option<(Instant, Box<str>)>,
}

impl Attribution {
    /// Before anything was deployed.
    pub fn before(graph: &CommitGraph) -> Self {
        Self { deployments: Vec::new(), first: vec![NONE; graph.node_count], baseline: None }
    }

    /// Takes in the next deployment in order, which walks over nothing that an earlier one contains:
    /// what it costs follows from what it brings, however long the history is.
    pub fn deploy(&mut self, graph: &CommitGraph, deployed: &Deployed<'_>) -> NewCommits {
        let unknown = NewCommits { status: AttributionStatus::Unknown, new_commits: None };
        let walk = graph.position(deployed.sha).map(|position| self.claim(graph, position));
        let result = walk.map_or(unknown, |walk| {
            let (finished_at, id) =
                self.baseline.get_or_insert_with(|| (deployed.finished_at, Box::from(deployed.deployment_id)));
            if (*finished_at, id.as_ref()) == deployed.order() {
                NewCommits { status: AttributionStatus::Baseline, new_commits: Some(walk.found) }
            } else if walk.is_cut {
                unknown
            } else {
                NewCommits { status: AttributionStatus::Exact, new_commits: Some(walk.found) }
            }
        });
        self.deployments.push(result);
        result
    }

    /// Gives the next deployment everything that can be reached from a commit and is not taken.
    /// Whatever is taken belongs to an earlier-or-equal deployment, with all its ancestors.
    fn claim(&mut self, graph: &CommitGraph, from: u32) -> Walk {
        let rank = dense(self.deployments.len());
        let (mut walk, mut stack) = (Walk { found: 0, is_cut: false }, vec![from]);
        while let Some(node) = stack.pop() {
            match self.first.get_mut(node as usize) {
                Some(taken) if *taken == NONE => *taken = rank,
                _ => continue,
            }
            let (parents, is_cut) = graph.parents(node);
            walk.found += u32::from(graph.is_row(node));
            walk.is_cut |= is_cut;
            stack.extend_from_slice(parents);
        }
        walk
    }

    /// The index of the first deployment that contains the commit at a position of the graph, and
    /// the status of that deployment; `None` = not deployed as far as is known.
    pub fn first_deployment(&self, position: u32) -> Option<(usize, AttributionStatus)> {
        let rank = self.first.get(position as usize).copied().filter(|rank| *rank != NONE)? as usize;
        Some((rank, self.deployments.get(rank)?.status))
    }

    /// Whether putting the commit `next` where `running` was takes commits away; null when history
    /// that is missing could decide it. Both were deployed.
    pub fn removes_commits(&self, graph: &CommitGraph, running: u32, next: u32) -> Option<bool> {
        match self.contains(graph, next, running) {
            Some(is_contained) => Some(!is_contained),
            // Not seen to contain what runs; contained in it, it is certainly less.
            None => self.contains(graph, running, next).filter(|is_contained| *is_contained),
        }
    }

    /// Whether the ancestry of `whole` contains `part`; null when it ends at missing history first.
    fn contains(&self, graph: &CommitGraph, whole: u32, part: u32) -> Option<bool> {
        let rank = |node: u32| self.first.get(node as usize).copied().unwrap_or(NONE);
        let wanted = rank(part);
        let (mut stack, mut seen, mut is_blind) = (vec![whole], HashSet::new(), false);
        while let Some(node) = stack.pop() {
            if node == part {
                return Some(true);
            }
            // What was deployed earlier cannot contain what was deployed later.
            if rank(node) < wanted || !seen.insert(node) {
                continue;
            }
            let (parents, is_cut) = graph.parents(node);
            is_blind |= is_cut;
            stack.extend_from_slice(parents);
        }
        (!is_blind).then_some(false)
    }
}

/// Finds the first deployment of every commit, and sorts the deployments by (`finished_at`, `deployment_id`).
///
/// The deployments are those of one stream, over all its tracks, in any order. Redeployments,
/// rollbacks and duplicates bring nothing new. A deployment whose commit has no row is unknown; so
/// is one, other than the first, whose walk ends at history that is missing and that no earlier
/// deployment reached. Its commits keep the deployment, but under that status.
pub fn attribute(graph: &CommitGraph, deployments: &mut [Deployed<'_>]) -> Attribution {
    deployments.sort_unstable_by_key(|deployed| (deployed.order(), deployed.sha));
    let mut attribution = Attribution::before(graph);
    for deployed in deployments {
        attribution.deploy(graph, deployed);
    }
    attribution
}

/// What one walk met.
struct Walk {
    /// Commits that no earlier deployment contains.
    found: u32,
    /// It came to an end where history is missing.
    is_cut: bool,
}

/// A place in an array that is counted in 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "a repository has far fewer than 2^32 commits and edges")]
const fn dense(count: usize) -> u32 {
    count as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use std::collections::{BTreeMap, BTreeSet};

    /// A history as people write it down: commit and its parents, `?` for parents that are not known.
    fn history(lines: &[&'static str]) -> CommitGraph {
        let words = lines.iter().map(|line| line.split_whitespace());
        CommitGraph::from_rows(words.map(|mut words| {
            let sha = words.next().unwrap();
            (sha, (words.clone().next() != Some("?")).then_some(words))
        }))
    }

    fn deployed<'a>(second: i64, deployment_id: &'a str, sha: &'a str) -> Deployed<'a> {
        Deployed { deployment_id, finished_at: Instant::from_seconds(second), sha }
    }

    /// Deploys the commits one after the other; tells the commits that each was the first to contain.
    fn story(lines: &[&'static str], shas: &[&'static str]) -> Vec<String> {
        let graph = history(lines);
        let ids: Vec<String> = (0..shas.len()).map(|place| format!("d{place:02}")).collect();
        let steps = ids.iter().zip(shas).enumerate();
        let mut deployments: Vec<Deployed<'_>> =
            steps.map(|(place, (id, sha))| deployed(i64::try_from(place).unwrap(), id, sha)).collect();
        let attribution = attribute(&graph, &mut deployments);
        let told = attribution.deployments.iter().enumerate().map(|(rank, result)| {
            let is_new = |sha: &&str| {
                let position = graph.position(sha).unwrap();
                attribution.first_deployment(position) == Some((rank, result.status))
            };
            let shas = lines.iter().map(|line| line.split_whitespace().next().unwrap()).filter(is_new);
            let found: Vec<&str> = shas.collect();
            if let Some(count) = result.new_commits {
                assert_eq!(count as usize, found.len());
            }
            format!("{}:{}", result.status.as_str(), found.join(","))
        });
        told.collect()
    }

    #[test]
    fn a_batch_brings_all_its_commits_not_only_the_last() {
        let told = story(&["a", "b a", "c b", "d c", "e d"], &["b", "d"]);
        assert_eq!(told, ["baseline:a,b", "exact:c,d"]);
    }

    #[test]
    fn a_merge_brings_the_whole_branch() {
        let told = story(&["a", "b a", "x a", "y x", "m b y", "n m"], &["b", "m", "n"]);
        assert_eq!(told, ["baseline:a,b", "exact:x,y,m", "exact:n"]);
    }

    #[test]
    fn a_hotfix_from_an_old_tag_brings_only_itself_and_its_merge_back_nothing_twice() {
        let told = story(&["a", "b a", "c b", "fix a", "m c fix"], &["a", "c", "fix", "m"]);
        assert_eq!(told, ["baseline:a", "exact:b,c", "exact:fix", "exact:m"]);
    }

    #[test]
    fn a_rollback_brings_nothing_and_the_roll_forward_only_what_is_new() {
        let told = story(&["v1", "v2 v1", "v3 v2"], &["v1", "v2", "v1", "v3"]);
        assert_eq!(told, ["baseline:v1", "exact:v2", "exact:", "exact:v3"]);
    }

    #[test]
    fn a_redeployment_brings_nothing() {
        assert_eq!(story(&["a", "b a"], &["a", "b", "b"]), ["baseline:a", "exact:b", "exact:"]);
    }

    #[test]
    fn parallel_release_lines_count_each_commit_once() {
        let lines = ["a", "p1 a", "p2 p1", "q1 a", "q2 q1", "fix q1", "p3 p2 fix"];
        let told = story(&lines, &["a", "p1", "q1", "p2", "q2", "fix", "p3"]);
        assert_eq!(told, ["baseline:a", "exact:p1", "exact:q1", "exact:p2", "exact:q2", "exact:fix", "exact:p3"]);
    }

    #[test]
    fn going_back_takes_commits_away_and_going_on_does_not() {
        let graph = history(&["a", "b a", "c b", "x a", "m c x", "old ?", "new old"]);
        let mut steps = [deployed(1, "d1", "m"), deployed(2, "d2", "new")];
        let attribution = attribute(&graph, &mut steps);
        let removes = |running: &str, next: &str| {
            let position = |sha: &str| graph.position(sha).unwrap();
            attribution.removes_commits(&graph, position(running), position(next))
        };
        assert_eq!(removes("c", "b"), Some(true));
        assert_eq!(removes("b", "m"), Some(false));
        assert_eq!(removes("c", "x"), Some(true), "another branch lacks what runs");
        assert_eq!(removes("new", "old"), Some(true), "what runs contains it, so it is less");
        assert_eq!(removes("m", "new"), None, "nobody knows what lies before `old`");
    }

    #[test]
    fn case_32_a_circle_of_forged_commits_ends() {
        let told = story(&["a c", "b a", "c b", "d c"], &["b", "a", "d"]);
        assert_eq!(told, ["baseline:a,b,c", "exact:", "exact:d"]);
        let graph = history(&["a b", "b a"]);
        let attribution = attribute(&graph, &mut [deployed(1, "d1", "a")]);
        assert_eq!(attribution.removes_commits(&graph, 0, 1), Some(false));
    }

    #[test]
    fn shallow_history_is_covered_by_the_baseline_that_reached_it() {
        let lines = ["b a", "c b", "old z", "m c old", "n m"];
        // Nobody has seen `z`, nor what lies before it that was perhaps deployed long ago.
        assert_eq!(story(&lines, &["b", "c", "m", "n"]), ["baseline:b", "exact:c", "unknown:old,m", "exact:n"]);
    }

    #[test]
    fn parents_that_nobody_reported_are_missing_history_too() {
        assert_eq!(story(&["a", "b ?", "c a b", "d c"], &["a", "c", "d"]), ["baseline:a", "unknown:b,c", "exact:d"]);
        assert_eq!(story(&["a ?", "b a"], &["a", "b"]), ["baseline:a", "exact:b"]);
    }

    #[test]
    fn a_commit_without_a_row_leaves_its_deployment_unknown() {
        assert_eq!(story(&["a", "b a", "c b"], &["a", "gone", "c"]), ["baseline:a", "unknown:", "exact:b,c"]);
        // Mentioned as a parent only is not enough either, and the first one found takes the past.
        assert_eq!(story(&["b a", "c b"], &["a", "b", "c"]), ["unknown:", "baseline:b", "exact:c"]);
    }

    #[test]
    fn a_baseline_that_arrives_twice_stays_a_baseline() {
        let graph = history(&["a", "b a"]);
        let mut deployments = [deployed(5, "d1", "a"), deployed(5, "d1", "a"), deployed(5, "d2", "b")];
        let attribution = attribute(&graph, &mut deployments);
        let statuses = attribution.deployments.iter().map(|result| (result.status.as_str(), result.new_commits));
        assert_eq!(statuses.collect::<Vec<_>>(), [("baseline", Some(1)), ("baseline", Some(0)), ("exact", Some(1))]);
        assert_eq!(attribution.first_deployment(7), None);
    }

    #[test]
    fn ids_are_found_in_either_case_and_in_any_form() {
        let long = "0123456789abcdef0123456789abcdef01234567";
        let rows = [(long, Some(vec!["r-17"])), ("r-17", Some(vec![])), (long, None)];
        let graph = CommitGraph::from_rows(rows);
        assert_eq!((graph.len(), graph.is_empty()), (2, false));
        assert_eq!(graph.position(&long.to_uppercase()), Some(0));
        assert_eq!(graph.position("r-17"), Some(1));
        assert_eq!(graph.position("R-17"), None);
        assert_eq!(graph.parents(0), ([1_u32].as_slice(), false));
    }

    /// Rows as a source might tell them: `None` when parents were not reported.
    type Rows = BTreeMap<String, Option<Vec<String>>>;
    /// Deployment id, second of its end, sha.
    type Step = (String, i64, String);
    /// The first deployment of each commit.
    type Firsts = BTreeMap<String, String>;
    /// Status and number of new commits of each deployment.
    type Results = BTreeMap<String, (&'static str, Option<usize>)>;

    fn random_rows(random: &mut ChaCha8Rng) -> Rows {
        let count = random.random_range(0..24);
        let is_whole = random.random_bool(0.5);
        let mut rows = Rows::new();
        for child in 0..count {
            let wanted = random.random_range(0..4).min(child);
            let parents = (0..wanted).map(|_| format!("c{}", random.random_range(0..child)));
            let parents: Vec<String> = parents.collect();
            let fate = if is_whole { 0.5 } else { random.random::<f64>() };
            if fate > 0.08 {
                rows.insert(format!("c{child}"), (fate > 0.12).then_some(parents));
            }
        }
        rows
    }

    fn random_steps(random: &mut ChaCha8Rng) -> Vec<Step> {
        let count = random.random_range(0..14);
        let step = |place: usize| (format!("d{place}"), random.random_range(0..8), format!("c{}", random.random_range(0..25)));
        (0..count).map(step).collect()
    }

    /// A commit and every sha that can be reached from it, row or not.
    fn ancestry(rows: &Rows, sha: &str) -> BTreeSet<String> {
        let mut reached = BTreeSet::from([sha.to_owned()]);
        loop {
            let further = reached.iter().filter_map(|sha| rows.get(sha)?.clone()).flatten().collect::<BTreeSet<_>>();
            if further.is_subset(&reached) {
                return reached;
            }
            reached.extend(further);
        }
    }

    /// The definition by sets: new(d) = ancestry(d) without the ancestries of all earlier deployments.
    fn by_sets(rows: &Rows, steps: &[Step]) -> (Firsts, Results) {
        let ordered: BTreeMap<(i64, &str), &str> =
            steps.iter().map(|(id, second, sha)| ((*second, id.as_str()), sha.as_str())).collect();
        let mut earlier = BTreeSet::new();
        let (mut commits, mut deployments) = (BTreeMap::new(), BTreeMap::new());
        for ((_, id), sha) in ordered {
            if !rows.contains_key(sha) {
                deployments.insert(id.to_owned(), ("unknown", None));
                continue;
            }
            let new: BTreeSet<String> = ancestry(rows, sha).difference(&earlier).cloned().collect();
            let is_missing = new.iter().any(|sha| !matches!(rows.get(sha), Some(Some(_))));
            let known: Vec<&String> = new.iter().filter(|sha| rows.contains_key(*sha)).collect();
            let result = match (earlier.is_empty(), is_missing) {
                (true, _) => ("baseline", Some(known.len())),
                (false, true) => ("unknown", None),
                (false, false) => ("exact", Some(known.len())),
            };
            deployments.insert(id.to_owned(), result);
            commits.extend(known.into_iter().map(|sha| (sha.clone(), id.to_owned())));
            earlier.extend(new);
        }
        (commits, deployments)
    }

    fn shuffle<T>(items: &mut [T], random: &mut ChaCha8Rng) {
        for last in (1..items.len()).rev() {
            items.swap(last, random.random_range(0..=last));
        }
    }

    #[test]
    fn the_walk_agrees_with_set_arithmetic_on_random_histories_in_any_order() {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        for case in 0..10_000 {
            let rows = random_rows(&mut random);
            let steps = random_steps(&mut random);
            let expected = by_sets(&rows, &steps);

            let mut arriving: Vec<_> = rows.iter().collect();
            shuffle(&mut arriving, &mut random);
            let graph = CommitGraph::from_rows(arriving.iter().map(|(sha, parents)| {
                let parents = parents.as_deref();
                (sha.as_str(), parents.map(|parents| parents.iter().map(String::as_str)))
            }));
            let mut deployments: Vec<Deployed<'_>> = steps.iter().map(|(id, second, sha)| deployed(*second, id, sha)).collect();
            shuffle(&mut deployments, &mut random);
            let attribution = attribute(&graph, &mut deployments);

            let commits = rows.keys().filter_map(|sha| {
                let (rank, status) = attribution.first_deployment(graph.position(sha).unwrap())?;
                assert_eq!(status, attribution.deployments[rank].status);
                Some((sha.clone(), deployments[rank].deployment_id.to_owned()))
            });
            assert_eq!(commits.collect::<BTreeMap<_, _>>(), expected.0, "case {case}: {rows:?} {steps:?}");
            let results = deployments.iter().zip(&attribution.deployments).map(|(deployed, result)| {
                let count = result.new_commits.map(|count| count as usize);
                (deployed.deployment_id.to_owned(), (result.status.as_str(), count))
            });
            assert_eq!(results.collect::<BTreeMap<_, _>>(), expected.1, "case {case}: {rows:?} {steps:?}");
        }
    }

    /// A recorded history whose answers are known, or `None` when the shared fixtures are not here.
    fn recorded(name: &str, file: &str) -> Option<Vec<Vec<String>>> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/fixtures/git-histories");
        let path = format!("{folder}/{name}/{file}.csv");
        let Ok(text) = std::fs::read_to_string(&path) else {
            #[expect(clippy::print_stdout, reason = "who runs the tests must see what was not run")]
            {
                println!("shared fixtures not found at {path}: 1 case not run");
            }
            return None;
        };
        Some(text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect())
    }

    /// `git tag --contains` is the oracle of these expectations.
    fn assert_recorded(name: &str) {
        let (Some(commits), Some(tags)) = (recorded(name, "commits"), recorded(name, "tags")) else {
            return;
        };
        let sha = |number: &str| commits[number.parse::<usize>().unwrap()][1].as_str();
        let mut rows: Vec<&Vec<String>> = commits.iter().collect();
        let mut deployments: Vec<Deployed<'_>> =
            tags.iter().map(|tag| deployed(tag[4].parse().unwrap(), &tag[1], sha(&tag[3]))).collect();
        let mut random = ChaCha8Rng::seed_from_u64(11);
        for arrival in ["as recorded", "shuffled", "shuffled and doubled"] {
            if arrival != "as recorded" {
                shuffle(&mut rows, &mut random);
                shuffle(&mut deployments, &mut random);
            }
            if arrival == "shuffled and doubled" {
                rows.extend_from_within(..rows.len() / 2);
                deployments.extend_from_within(..deployments.len() / 2);
            }
            let graph =
                CommitGraph::from_rows(rows.iter().map(|row| (row[1].as_str(), Some(row[2].split_whitespace().map(sha)))));
            assert_eq!(graph.len(), commits.len());
            let attribution = attribute(&graph, &mut deployments);
            for commit in &commits {
                let first = attribution.first_deployment(graph.position(&commit[1]).unwrap());
                let tag = first.map_or("", |(rank, _)| deployments[rank].deployment_id);
                assert_eq!(tag, commit[5], "{name}, {arrival}: {}", commit[1]);
            }
            let statuses: BTreeSet<_> = attribution.deployments.iter().map(|result| result.status).collect();
            assert!(!statuses.contains(&AttributionStatus::Unknown), "{name}, {arrival}");
            let new: u32 = attribution.deployments.iter().filter_map(|result| result.new_commits).sum();
            assert_eq!(new as usize, commits.iter().filter(|commit| !commit[5].is_empty()).count());
        }
    }

    #[test]
    fn a_history_of_many_merges_is_attributed_as_git_says() {
        assert_recorded("go-scm");
    }

    #[test]
    fn a_history_of_twelve_thousand_tags_is_attributed_as_git_says() {
        assert_recorded("renovate");
    }
}
