//! Forgetting a person: which pseudonyms are theirs, where the lake holds them, and how they are
//! kept from coming back.
//!
//! Rows stay, because they also speak of changes and deployments; who did it becomes null, and
//! where a person is part of an identity, an unconnected text takes the place, as it does where the
//! name stands in an address, a branch or another text. Deliveries that told it lose body and
//! headers and keep their position. What files are left behind, and what facts
//! were made from them, is the caller's to clear.

mod named;
mod rows;
mod words;

use crate::error::CollectError;
use crate::kept::{kept_deliveries, texts};
use crate::source::{Normalised, Reading, Source};
use crate::sources::{self, SOURCES};
use arrow::array::{Array, RecordBatch};
use arrow::error::ArrowError;
use named::{is_named, is_one_of, readable};
use rows::{Hidden, are_personal, emptied, hidden, holds};
use std::collections::{BTreeMap, BTreeSet};
use waymark_event::{Delivery, DeliveryId, EntityId, Instant, Observation, PeopleKey, Record, Table};
use waymark_lake::{
    DELIVERIES, DataFile, LakeError, Layout, Rewrite, StateStore, Tables, Wanted, note_forgotten, observed_table, read_rows,
};
use words::{Looked, hide_in_observation, is_same};

/// The group of the state under which older programs kept the log of the forgotten.
const OLD_LOG: &str = "forgotten";
/// Why a message that speaks of nobody else is not for us.
const IGNORED: &str = "it speaks only of a person who was forgotten";

/// Everybody who was forgotten; the names themselves are not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    pseudonyms: BTreeSet<String>,
}

impl Forgotten {
    /// Those with these pseudonyms.
    pub fn of(pseudonyms: impl IntoIterator<Item = String>) -> Self {
        Self { pseudonyms: pseudonyms.into_iter().collect() }
    }

    /// Takes forgotten people out of what was read, and then also out of the delivery itself.
    ///
    /// A statement whose very identity is the person, such as a review or an answer, goes as a
    /// whole; any other stays without the person. The same input always gives the same output.
    pub fn apply(&self, delivery: &mut Delivery, normalised: &mut Normalised, people: &PeopleKey) {
        if self.pseudonyms.is_empty() {
            return;
        }
        let count = normalised.observations.len();
        let home = format!("{}:{}:", delivery.source, delivery.instance);
        let is_name = |word: &str| is_one_of(word, &home, people, &self.pseudonyms);
        let mut is_touched = is_named(delivery, people, &self.pseudonyms);
        let mut left = Vec::with_capacity(count);
        for mut observation in std::mem::take(&mut normalised.observations) {
            let is_hidden = self.hide(&mut observation.record);
            let looked = hide_in_observation(&mut observation, &is_name);
            if self.is_about(&observation) || looked == Looked::Untellable {
                is_touched = true;
                continue;
            }
            if is_hidden || looked == Looked::Hidden {
                is_touched = true;
                let dialect_version = observation.head.dialect_version;
                observation = Observation::read(delivery, dialect_version, observation.head, observation.record);
            }
            left.push(observation);
        }
        normalised.observations = left;
        if !is_touched {
            return;
        }
        delivery.body.clear();
        delivery.headers.clear();
        delivery.request_url = None;
        if normalised.observations.is_empty() && normalised.rejections.is_empty() && normalised.ignored.is_none() {
            normalised.ignored = Some(IGNORED);
        }
    }

    fn is_about(&self, observation: &Observation) -> bool {
        let head = &observation.head;
        let identities = [Some(head.entity_id.as_str()), head.part_of.as_ref().map(EntityId::as_str)];
        let is_respondent =
            matches!(&observation.record, Record::SurveyResponse(answer) if self.pseudonyms.contains(&answer.respondent));
        is_respondent || identities.into_iter().flatten().any(|identity| holds(identity, &self.pseudonyms))
    }

    /// Takes the person out of a record; false when it names none of them.
    fn hide(&self, record: &mut Record) -> bool {
        let hide = |person: &mut Option<String>| {
            let is_forgotten = person.as_ref().is_some_and(|person| self.pseudonyms.contains(person));
            if is_forgotten {
                *person = None;
            }
            is_forgotten
        };
        match record {
            Record::CiRun(run) => hide(&mut run.person),
            Record::Deployment(deployment) => hide(&mut deployment.person),
            Record::Commit(commit) => hide(&mut commit.author) | hide(&mut commit.committer),
            Record::PullRequest(pull_request) => hide(&mut pull_request.author),
            Record::Review(review) => hide(&mut review.reviewer),
            Record::Ticket(ticket) => hide(&mut ticket.requester),
            Record::Journey(journey) => hide(&mut journey.person),
            Record::Service(service) => hide(&mut service.owner_raw),
            Record::SurveyResponse(_)
            | Record::CiJob(_)
            | Record::Incident(_)
            | Record::Evidence(_)
            | Record::SloSample(_)
            | Record::Artifact(_) => false,
        }
    }
}

/// Takes the log that an older program kept on this machine to the lake, where all who write heed it. It leaves the
/// machine only once it is there, so an interruption anywhere loses nobody.
pub(crate) async fn carry_over(layout: &Layout, state: &StateStore) -> Result<(), LakeError> {
    let pseudonyms: BTreeSet<String> = state.group(OLD_LOG)?.into_keys().collect();
    if pseudonyms.is_empty() {
        return Ok(());
    }
    note_forgotten(layout, &pseudonyms).await?;
    state.remove(OLD_LOG)
}

/// What forgetting a person changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Pseudonyms that the person may have had; they are dropped from now on.
    pub pseudonyms: BTreeSet<String>,
    /// Rows of observations that named the person.
    pub observations: usize,
    /// Deliveries that lost body and headers.
    pub deliveries: usize,
    /// Files that were written anew.
    pub files: usize,
}

/// Erases a person from observations and deliveries. `person` is a login, a mail address, or
/// `source:instance:login` where a login alone could mean several people.
///
/// The log of forgotten pseudonyms is written first, so that whatever arrives meanwhile, or after
/// an interruption, is held back; doing it again goes on where it ended. Another machine that had begun
/// to write before may still bring something about the person, which doing it again erases.
///
/// # Errors
/// `Lake` when the lake cannot be read or written; then it is to be done again.
pub async fn forget(tables: &mut Tables, people: &PeopleKey, person: &str, now: Instant) -> Result<Erased, CollectError> {
    let person = person.trim();
    let pseudonyms = pseudonyms(tables, people, person).await?;
    note_forgotten(tables.layout(), &pseudonyms).await?;
    // Nothing leads from the new text to the old one, nor to the person.
    let stand_ins: BTreeMap<String, String> =
        pseudonyms.iter().map(|pseudonym| (pseudonym.clone(), format!("forgotten-{}", DeliveryId::received(now)))).collect();
    let mut erased = Erased { pseudonyms: pseudonyms.clone(), ..Erased::default() };
    let name = name_of(person);
    let told = told_by(tables, &pseudonyms, &name).await?;
    // Deliveries first: were this interrupted, the observations would still lead to the rest.
    let search = Search { told, forgotten: Forgotten { pseudonyms }, reading: Reading { people: people.clone() }, name };
    empty_deliveries(tables, &search, now, &mut erased).await?;
    for table in Table::ALL {
        hide_in_table(tables, &observed_table(table.name()), &stand_ins, &search.name, &mut erased, now).await?;
    }
    Ok(erased)
}

/// Every pseudonym that dialects may have made of a person.
async fn pseudonyms(tables: &mut Tables, people: &PeopleKey, person: &str) -> Result<BTreeSet<String>, CollectError> {
    let mut pseudonyms = BTreeSet::from([people.person(person)]);
    match precise(person) {
        // A format of our own says people as they are written, without the account's home.
        Some((source, login)) if !source.is_vendor() => _ = pseudonyms.insert(people.person(login)),
        Some(_) => {}
        None if person.contains('@') => {}
        None => {
            let mut homes = pairs(tables, DELIVERIES, ["source", "instance"]).await?;
            homes.extend(SOURCES.iter().map(|source| (source.name().to_owned(), source.default_instance().to_owned())));
            pseudonyms.extend(homes.iter().map(|(source, instance)| people.person(&format!("{source}:{instance}:{person}"))));
        }
    }
    let answers = observed_table(Table::SurveyResponse.name());
    for (survey, wave) in pairs(tables, &answers, ["survey", "wave"]).await? {
        for respondent in [person.to_owned(), person.to_lowercase(), name_of(person)] {
            pseudonyms.insert(people.respondent(&survey, &wave, &respondent));
        }
    }
    Ok(pseudonyms)
}

/// `source:instance:login` in its parts, if it begins with a source.
fn precise(person: &str) -> Option<(&'static dyn Source, &str)> {
    let (source, rest) = person.split_once(':')?;
    Some((sources::find(&source.to_lowercase())?, rest.rsplit_once(':')?.1))
}

/// The person as a message would write it.
fn name_of(person: &str) -> String {
    precise(person).map_or(person, |(_, login)| login).to_owned()
}

/// The different pairs of two columns of a table.
async fn pairs(tables: &mut Tables, table: &str, columns: [&str; 2]) -> Result<BTreeSet<(String, String)>, CollectError> {
    let mut pairs = BTreeSet::new();
    for file in files(tables, table).await? {
        for batch in read(tables, table, &file, Some(&columns)).await? {
            let (left, right) = (texts(&batch, columns[0]), texts(&batch, columns[1]));
            let (left, right) = (left.map_err(arranging(table))?, right.map_err(arranging(table))?);
            pairs.extend((0..batch.num_rows()).map(|row| (left.value(row).to_owned(), right.value(row).to_owned())));
        }
    }
    Ok(pairs)
}

/// The deliveries from which rows that name the person were read.
async fn told_by(tables: &mut Tables, pseudonyms: &BTreeSet<String>, name: &str) -> Result<BTreeSet<String>, CollectError> {
    let mut told = BTreeSet::new();
    for table in Table::ALL.iter().map(|table| observed_table(table.name())) {
        for file in files(tables, &table).await? {
            for batch in read(tables, &table, &file, None).await? {
                let mask = are_personal(&batch, pseudonyms, name).map_err(arranging(&table))?;
                if mask.true_count() > 0 {
                    let ids = texts(&batch, "delivery_id").map_err(arranging(&table))?;
                    told.extend((0..ids.len()).filter(|row| mask.value(*row)).map(|row| ids.value(row).to_owned()));
                }
            }
        }
    }
    Ok(told)
}

/// What makes a delivery one that speaks of the person.
struct Search {
    /// Ids of deliveries that observations lead to.
    told: BTreeSet<String>,
    forgotten: Forgotten,
    reading: Reading,
    /// The name as a message would write it.
    name: String,
}

impl Search {
    /// Observations lead to a delivery; or a later statement took the place of its own, so it is read
    /// again; or it says the name where no dialect looks.
    fn finds(&self, delivery: &Delivery) -> bool {
        if delivery.body.is_empty() {
            return false;
        }
        if self.told.contains(delivery.id.as_str()) || rows::mentions(&readable(delivery), &self.name) {
            return true;
        }
        let Some(source) = sources::find(&delivery.source) else { return false };
        let observations = source.normalise(delivery, &self.reading).observations;
        let is_name = |word: &str| is_same(word, &self.name);
        observations.into_iter().any(|mut observation| {
            self.forgotten.is_about(&observation)
                || self.forgotten.hide(&mut observation.record)
                || hide_in_observation(&mut observation, &is_name) != Looked::Clean
        })
    }
}

async fn empty_deliveries(tables: &mut Tables, search: &Search, now: Instant, erased: &mut Erased) -> Result<(), CollectError> {
    let mut rewrite = Rewrite { is_data_change: true, ..Rewrite::default() };
    for file in files(tables, DELIVERIES).await? {
        let batches = read(tables, DELIVERIES, &file, None).await?;
        let mut written = Vec::with_capacity(batches.len());
        for batch in &batches {
            let kept = kept_deliveries(batch).map_err(arranging(DELIVERIES))?;
            let is_found = kept.iter().map(|kept| Some(search.finds(&kept.delivery))).collect();
            written.push(emptied(batch, &is_found).map_err(arranging(DELIVERIES))?);
        }
        let found: usize = written.iter().map(|(_, found)| *found).sum();
        if found == 0 {
            continue;
        }
        erased.deliveries += found;
        let batches: Vec<RecordBatch> = written.into_iter().map(|(batch, _)| batch).collect();
        replace(tables, DELIVERIES, &file, &batches, now, &mut rewrite).await?;
    }
    commit(tables, DELIVERIES, rewrite, now, erased).await
}

async fn hide_in_table(
    tables: &mut Tables,
    table: &str,
    stand_ins: &BTreeMap<String, String>,
    name: &str,
    erased: &mut Erased,
    now: Instant,
) -> Result<(), CollectError> {
    let pseudonyms: BTreeSet<String> = stand_ins.keys().cloned().collect();
    let mut rewrite = Rewrite { is_data_change: true, ..Rewrite::default() };
    for file in files(tables, table).await? {
        let batches = read(tables, table, &file, None).await?;
        let masks: Result<Vec<_>, ArrowError> = batches.iter().map(|batch| are_personal(batch, &pseudonyms, name)).collect();
        if masks.map_err(arranging(table))?.iter().all(|mask| mask.true_count() == 0) {
            continue;
        }
        let written: Result<Vec<Hidden>, ArrowError> = batches.iter().map(|batch| hidden(batch, stand_ins, name)).collect();
        let written = written.map_err(arranging(table))?;
        erased.observations += written.iter().map(|hidden| hidden.count).sum::<usize>();
        let batches: Vec<RecordBatch> = written.into_iter().map(|hidden| hidden.rows).collect();
        replace(tables, table, &file, &batches, now, &mut rewrite).await?;
    }
    commit(tables, table, rewrite, now, erased).await
}

/// Writes rows for the place of a file. The new name is that of appended rows, so that the facts are
/// told of them even if nothing else happens after this.
async fn replace(
    tables: &Tables,
    table: &str,
    file: &DataFile,
    batches: &[RecordBatch],
    now: Instant,
    rewrite: &mut Rewrite,
) -> Result<(), CollectError> {
    let Some(first) = batches.first() else { return Ok(()) };
    let all = arrow::compute::concat_batches(&first.schema(), batches).map_err(arranging(table))?;
    let name = format!("part-{}.zstd.parquet", DeliveryId::received(now));
    rewrite.added.push(tables.write(table, &name, &all, now).await?);
    rewrite.removed.push(file.path.clone());
    Ok(())
}

async fn commit(
    tables: &mut Tables,
    table: &str,
    rewrite: Rewrite,
    now: Instant,
    erased: &mut Erased,
) -> Result<(), CollectError> {
    if rewrite.removed.is_empty() {
        return Ok(());
    }
    erased.files += rewrite.removed.len();
    Ok(tables.rewrite(table, rewrite, now).await?)
}

async fn files(tables: &mut Tables, table: &str) -> Result<Vec<DataFile>, CollectError> {
    Ok(tables.version(table).await?.map(|version| version.files).unwrap_or_default())
}

async fn read(
    tables: &Tables,
    table: &str,
    file: &DataFile,
    columns: Option<&[&str]>,
) -> Result<Vec<RecordBatch>, CollectError> {
    let wanted = Wanted { columns, ..Wanted::default() };
    Ok(read_rows(tables.layout(), table, std::slice::from_ref(file), wanted).await?)
}

fn arranging(table: &str) -> impl Fn(ArrowError) -> CollectError {
    move |cause| CollectError::Lake(LakeError::Arrange { table: table.to_owned(), cause })
}
