//! All gates together, over the engine itself: hostile statements are refused, ordinary ones are not.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::catalog::MemTable;
use datafusion::execution::SessionState;
use datafusion::execution::SessionStateBuilder;
use datafusion::physical_plan::collect;
use datafusion::prelude::{SessionConfig, SessionContext};

use super::check_text;
use crate::query::bounded::{bind, bounded_functions, is_forbidden};
use crate::query::error::QueryError;
use crate::query::plan::{FunctionNames, check_joins, check_plan};
use crate::query::stop::{StopFlag, make_stoppable};

/// How long a question of these tests may run.
const DEADLINE: Duration = Duration::from_secs(20);

/// A session as the query service makes it, with one small table.
pub(in crate::query) fn session() -> SessionState {
    let mut config = SessionConfig::new().with_target_partitions(2).with_information_schema(true);
    config.options_mut().explain.logical_plan_only = true;
    let state = SessionStateBuilder::new_with_default_features().with_config(config).build();
    let context = SessionContext::new_with_state(state);
    for twin in bounded_functions() {
        context.register_udf(twin.as_ref().clone());
    }
    for name in ["file_row_index", "input_file_name", "version"] {
        assert!(is_forbidden(name));
        context.deregister_udf(name);
    }
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("deployment_id", Arc::new(StringArray::from(vec!["d1", "d2", "d3"]))),
        ("service", Arc::new(StringArray::from(vec!["checkout", "checkout", "search"]))),
        ("lead_time_seconds", Arc::new(Int64Array::from(vec![10, 20, 30]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let table = MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap();
    context.register_table("deployments", Arc::new(table)).unwrap();
    context.state()
}

/// Asks as the query service does, and stops the question at its deadline.
async fn run(state: &SessionState, sql: &str, deadline: Duration) -> Result<String, QueryError> {
    let statement = check_text(sql)?;
    let plan = state.statement_to_plan(statement).await.map_err(QueryError::from_planning)?;
    check_plan(&plan, &FunctionNames::of(state))?;
    let flag = StopFlag::default();
    let plan = state.optimize(&bind(plan, &flag)?).map_err(QueryError::from_planning)?;
    let plan = state.query_planner().create_physical_plan(&plan, state).await.map_err(QueryError::from_execution)?;
    check_joins(&plan)?;
    let plan = make_stoppable(plan, &flag).map_err(QueryError::from_execution)?;
    let stopper = flag.clone();
    let clock = tokio::spawn(async move {
        tokio::time::sleep(deadline).await;
        stopper.stop();
    });
    let answer = tokio::spawn(collect(plan, state.task_ctx()));
    // A cross join gives rows and yields; what gives none fails by the flag.
    let answer = tokio::time::timeout(deadline + Duration::from_secs(2), answer).await.expect("the question did not stop");
    clock.abort();
    let batches = answer.expect("the question panicked").map_err(QueryError::from_execution)?;
    Ok(pretty_format_batches(&batches).unwrap().to_string())
}

/// Asks with a deadline that no question should need.
pub(in crate::query) fn ask(sql: &str) -> Result<String, QueryError> {
    ask_within(sql, DEADLINE)
}

/// Runs on a stack as large as those of the query runtime: planning is recursive.
fn ask_within(sql: &str, deadline: Duration) -> Result<String, QueryError> {
    let sql = sql.to_owned();
    let work = move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_stack_size(32 * 1024 * 1024)
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async { tokio::spawn(async move { run(&session(), &sql, deadline).await }).await.unwrap() })
    };
    std::thread::Builder::new().stack_size(32 * 1024 * 1024).spawn(work).unwrap().join().unwrap()
}

/// The problem type of a refused question.
pub(in crate::query) fn refusal(sql: &str) -> &'static str {
    let shown = sql.chars().take(200).collect::<String>();
    ask(sql).map_or_else(|error| error.problem_type(), |answer| panic!("`{shown}` was answered:\n{answer}"))
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/sql/forbidden");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

#[test]
fn every_forbidden_statement_is_refused_for_its_reason() {
    let mut wrong = Vec::new();
    for case in cases() {
        let text = fs::read_to_string(&case).unwrap();
        let (first, sql) = text.split_once('\n').unwrap();
        let expected = first.strip_prefix("-- expect: ").unwrap();
        // Whoever has a deadline turns one into the other.
        let (expected, deadline) = match expected {
            "deadline-exceeded" => ("cancelled", Duration::from_millis(300)),
            other => (other, DEADLINE),
        };
        match ask_within(sql, deadline) {
            Err(error) if error.problem_type() == expected => {}
            Err(error) => wrong.push(format!("{}: {} ({error})", case.display(), error.problem_type())),
            Ok(_) => wrong.push(format!("{}: was answered", case.display())),
        }
    }
    assert!(wrong.is_empty(), "expected what the first line says:\n{}", wrong.join("\n"));
}

#[test]
fn long_chains_are_refused_before_they_are_parsed() {
    let chain = |length: usize, term: &str, operator: &str| format!("select {}", vec![term; length].join(operator));
    for operator in [" or ", " and ", " + ", " || ", " = ", " union all select ", " is null and "] {
        assert_eq!(refusal(&chain(2_000, "1", operator)), "question-too-complex", "{operator}");
    }
    assert_eq!(refusal(&format!("select {}1{}", "(".repeat(2_000), ")".repeat(2_000))), "question-too-complex");
    assert_eq!(refusal(&format!("select {}", "[".repeat(5_000))), "question-too-complex");
    // Where the parser counts, it may answer with the mistake that it found last.
    for sign in ["not ", "- ", "~ ", "case ", "case when "] {
        let refused = refusal(&format!("select {}1", sign.repeat(2_000)));
        assert!(matches!(refused, "question-too-complex" | "sql-syntax"), "{sign}: {refused}");
    }
    assert_eq!(refusal(&format!("select a{}", "[1]".repeat(2_000))), "question-too-complex");
    assert_eq!(refusal(&format!("select {}", "case when 1=1 then ".repeat(600))), "question-too-complex");
    assert_eq!(refusal(&format!("select {} from deployments", vec!["*"; 1_000].join(","))), "question-too-complex");
    assert_eq!(
        refusal(&format!("select 1 where 1 in ({})", chain(2_000, "1", "+").replace("select ", ""))),
        "question-too-complex"
    );
    let join = " join deployments as d{} using (service)";
    let joins: String = (0..1_000).map(|index| join.replace("{}", &index.to_string())).collect();
    assert_eq!(refusal(&format!("select 1 from deployments{joins}")), "question-too-complex");
    assert_eq!(refusal(&"x".repeat(300 * 1024)), "question-too-complex");
    assert_eq!(refusal("select 1 \0"), "sql-syntax");
}

#[test]
fn no_nesting_makes_the_parser_slow() {
    // Each of these would be parsed two or three times at every level.
    let ends = ["1", "1 1", ""];
    let pairs =
        [("f(", ")"), ("cast(", " as int)"), ("((select * from ", ") as x)"), ("interval - ", ""), ("extract(year from ", ")")];
    for (open, close) in pairs {
        for depth in [12, 30, 45] {
            for end in ends {
                let text = format!("select {}{end}{}", open.repeat(depth), close.repeat(depth));
                let from = format!("select * from {}{end}{}", open.repeat(depth), close.repeat(depth));
                for text in [text, from] {
                    assert!(check_text(&text).is_err() || depth == 12, "{text}");
                }
            }
        }
    }
}

#[test]
fn ordinary_questions_are_answered() {
    let numbers = (0..5_000).map(|number| (-number).to_string()).collect::<Vec<_>>().join(", ");
    let rows = (0..2_000).map(|number| format!("({number}, -1 + 2)")).collect::<Vec<_>>().join(", ");
    let filters = (0..120).map(|number| format!("(service <> 's{number}')")).collect::<Vec<_>>().join(" and ");
    let questions = [
        "select 1".to_owned(),
        "\u{feff}select 1".to_owned(),
        "values (1, 'a'), (2, 'b')".to_owned(),
        "explain select * from deployments".to_owned(),
        "(select 1) union (select 2) order by 1 limit 1 offset 0;".to_owned(),
        format!("select count(*) from deployments where lead_time_seconds in ({numbers})"),
        format!("select count(*) from (values {rows}) as t(a, b)"),
        format!("select * from deployments where ((({filters})))"),
        "with a as (select service, count(*) as n from deployments group by service) select * from a join a as b using (service)".to_owned(),
        "select service, sum(lead_time_seconds) over (order by lead_time_seconds rows between 5000 preceding and current row) from deployments".to_owned(),
        "select median(lead_time_seconds) over (partition by service) from deployments".to_owned(),
        "select service, count(*) from deployments group by cube (service, deployment_id)".to_owned(),
        "select a.service || '/' || b.service as both from deployments a cross join deployments b".to_owned(),
        "select * from deployments a, deployments b where a.service = b.service and a.lead_time_seconds < b.lead_time_seconds".to_owned(),
        "select * from deployments a join deployments b on a.lead_time_seconds < b.lead_time_seconds".to_owned(),
        "select * from deployments where exists (select 1 from deployments)".to_owned(),
        "select * from deployments where lead_time_seconds > (select avg(lead_time_seconds) from deployments)".to_owned(),
        "select * from deployments d where lead_time_seconds not in (select lead_time_seconds from deployments where service = 'search')".to_owned(),
        "with recursive n as (select 1 as x union all select x + 1 from n where x < 100) select sum(x) from n".to_owned(),
        "select range(0, 10), repeat('ab', 3), lpad('x', 5, '0'), rpad('x', 5), replace('aXa', 'X', 'Y')".to_owned(),
        "select regexp_replace(service, '^(c)', '\\1\\1', 'g'), service ~ '^c', service ilike 'C%' from deployments".to_owned(),
        "select range(date '2026-01-01', date '2026-03-01', interval '1 month')".to_owned(),
        "select levenshtein('kitten', 'sitting'), overlay('Txxxxas' placing 'hom' from 2 for 4)".to_owned(),
        "select array_to_string(array_concat([1], [2]), ','), [1] || [2], 1 || 'a', null || 'a'".to_owned(),
        "select string_agg(service, ', ' order by service) from deployments".to_owned(),
        "select coalesce(nullif(trim(lower(substring(service from 1 for 3))), ''), 'none') from deployments".to_owned(),
        "select value from generate_series(1, 3)".to_owned(),
        "select table_name from information_schema.tables".to_owned(),
        "select distinct on (service) * from deployments order by service".to_owned(),
    ];
    for question in questions {
        if let Err(error) = ask(&question) {
            panic!("`{}`: {error}: {error:?}", question.chars().take(300).collect::<String>());
        }
    }
}

#[test]
fn a_parameter_is_refused_wherever_it_stands() {
    for sql in ["select $1", "select service from deployments where service like $1 limit 1", "select 1 limit $1"] {
        let refused = ask(sql).unwrap_err();
        assert_eq!(refused.problem_type(), "not-supported", "{sql}");
        assert!(refused.to_string().contains("write the value"), "{sql}: {refused}");
    }
}

#[test]
fn what_is_missed_at_the_end_is_placed_there() {
    for (sql, place) in [("select", (1, 7)), ("select 1\nfrom ", (2, 6)), ("select 'é', \0", (1, 13))] {
        match check_text(sql) {
            Err(QueryError::Syntax { line, column, .. }) => assert_eq!((line, column), place, "{sql}"),
            other => panic!("`{sql}` is no syntax error: {other:?}"),
        }
    }
}

#[test]
fn brackets_are_counted_with_the_clauses_around_them() {
    let told = ask(&format!("select {}1{}", "(".repeat(49), ")".repeat(49))).unwrap_err().to_string();
    assert!(told.contains("51 levels of brackets and clauses"), "{told}");
}

#[test]
fn a_mistake_that_only_shows_while_a_question_runs_is_the_callers() {
    for (expression, kind) in [
        ("'abc' ~ '('", "bad-parameter"),
        ("regexp_replace('abc', '(', '')", "bad-parameter"),
        ("date_trunc('foo', now())", "bad-parameter"),
        ("extract(foo from now())", "bad-parameter"),
        ("make_date(2026, 13, 1)", "bad-parameter"),
        ("make_date(2026, 2, 30)", "bad-parameter"),
        ("ntile(0) over (order by lead_time_seconds)", "bad-parameter"),
        ("substr('abc', 2, -1)", "bad-parameter"),
        ("split_part('a,b', ',', 0)", "bad-parameter"),
        ("decode('zz', 'hex')", "bad-parameter"),
        ("(select service from deployments)", "bad-parameter"),
        ("factorial(21)", "value-not-convertible"),
        ("abs(-9223372036854775807 - lead_time_seconds * 0 - 1)", "value-not-convertible"),
        ("now() + interval '300000 years'", "value-not-convertible"),
        ("sum(lead_time_seconds) over (order by service rows between 1 following and 1 preceding)", "sql-syntax"),
        ("percentile_cont(1.5) within group (order by lead_time_seconds)", "sql-syntax"),
        ("sum(service)", "sql-syntax"),
        ("substring('abc' from '(b)')", "sql-syntax"),
    ] {
        let refused = ask(&format!("select {expression} from deployments")).unwrap_err();
        assert_eq!(refused.problem_type(), kind, "{expression}: {refused}");
        let told = refused.to_string();
        assert!(!told.contains("Internal error") && !told.contains("DataFusion") && !told.contains('\n'), "{told}");
    }
}

#[test]
fn an_explained_question_names_no_file_and_no_setting() {
    let answer = ask("explain select * from deployments").unwrap();
    assert!(answer.contains("logical_plan") && !answer.contains("physical_plan"), "{answer}");
}

#[test]
fn what_the_limits_allow_fits_the_stack() {
    let chain = |length: usize, term: &str, operator: &str| vec![term; length].join(operator);
    let questions = [
        format!("select * from deployments where {}", chain(240, "lead_time_seconds > 1", " or ")),
        format!("select {} as x from deployments", chain(490, "lead_time_seconds", " + ")),
        format!("select {} as x from deployments", chain(200, "service", " || ")),
        chain(64, "select 1 as x", " union all "),
        format!("select count(*) from deployments{}", (0..31).fold(String::new(), |joins, index| {
            format!("{joins} join deployments as d{index} on d{index}.service = deployments.service and d{index}.deployment_id = 'd3'")
        })),
        format!("select {}1{}", "(".repeat(45), ")".repeat(45)),
    ];
    for question in questions {
        assert!(ask(&question).is_ok(), "{question}");
    }
}

#[test]
fn the_list_of_functions_was_reviewed() {
    let state = session();
    let mut names: Vec<&str> = state.scalar_functions().values().map(|function| function.name()).collect();
    names.extend(state.higher_order_functions().values().map(|function| function.name()));
    names.extend(state.aggregate_functions().values().map(|function| function.name()));
    names.extend(state.window_functions().values().map(|function| function.name()));
    names.extend(state.table_functions().keys().map(String::as_str));
    names.sort_unstable();
    names.dedup();
    let known: Vec<&str> = include_str!("functions.txt").lines().collect();
    let added: Vec<&&str> = names.iter().filter(|name| !known.contains(name)).collect();
    let gone: Vec<&&str> = known.iter().filter(|name| !names.contains(name)).collect();
    assert!(
        added.is_empty() && gone.is_empty(),
        "the engine's functions have changed. New: {added:?}, gone: {gone:?}. Ask of each new one: does it read or tell \
         anything outside the tables, and can it make much out of little? Then forbid it or bound it in `bounded.rs`, \
         and write its name into `guard/functions.txt`"
    );
}
