//! `waymark demo`: a sample organisation, loaded through the front door and served.

use super::serve::{Server, serve};
use super::workplace::Workplace;
use super::writer::Writer;
use super::{Place, output};
use anyhow::{Context, bail};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;
use waymark_lake::{Layout, Snapshot};
use waymark_sample::{Plan, deliveries};

/// Flags of `waymark demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// Where to serve; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Build the folder and end, without serving it.
    #[arg(long)]
    no_serve: bool,
    /// A small organisation of 8 services and 12 weeks, which loads in a moment.
    #[arg(long)]
    small: bool,
}

/// The first line of the sample's configuration, by which its folder is known again.
const MARK: &str = "# The sample organisation of `waymark demo`.";

/// Deliveries that share one trip into the tables.
const BATCH: usize = 20_000;

/// Builds the sample when it is not there, and serves it.
pub(crate) async fn run(place: &Place, args: DemoArgs) -> anyhow::Result<()> {
    let mut place = place.clone();
    if place.is_default() {
        place.data = PathBuf::from("./waymark-demo");
    }
    let plan = if args.small { Plan::small() } else { Plan::demo() };
    let layout = place.layout().await?;
    refuse_other_data(&layout)?;
    if Snapshot::newest_id(&layout).await?.is_none() {
        build(&place, &layout, &plan).await?;
    } else {
        output::note(&format!("using the sample organisation in {}", place.data.display()));
    }
    if args.no_serve {
        return Ok(());
    }
    let workplace = Workplace::open_to_listen(&place, Some(args.listen)).await?;
    let server = Server { listen: args.listen, greeting };
    serve(workplace, server).await
}

/// The sample organisation is pinned to a day of its own, and would mix with what somebody really keeps.
fn refuse_other_data(layout: &Layout) -> anyhow::Result<()> {
    let configuration = std::fs::read_to_string(layout.configuration()).unwrap_or_default();
    let is_used = layout.configuration().exists() || layout.database().exists();
    if is_used && !configuration.starts_with(MARK) {
        bail!(
            "`{}` holds something else than the sample organisation: give another folder with `--data`, or remove this one",
            layout.root().display()
        );
    }
    Ok(())
}

async fn build(place: &Place, layout: &Layout, plan: &Plan) -> anyhow::Result<()> {
    let configuration = format!("{MARK}\nas_of = \"{}\"\n{}", plan.as_of().to_rfc3339(), plan.settings());
    let path = layout.configuration();
    let folder = layout.platform();
    std::fs::create_dir_all(&folder).with_context(|| format!("failed to make `{}`", folder.display()))?;
    let files = plan.platform().into_iter().map(|(name, text)| (folder.join(name), text));
    for (path, text) in files.chain([(path, configuration)]) {
        std::fs::write(&path, text).with_context(|| format!("failed to write `{}`", path.display()))?;
    }
    let workplace = Workplace::open(place).await?;
    let mut writer = Writer::open(&workplace, "demo").await?;
    let began = Instant::now();
    let bar = output::progress(plan.delivery_count_estimate(), "loading deliveries");
    // The next batch is made while the last one is kept; at most one waits.
    let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
    let plan = *plan;
    let maker = tokio::task::spawn_blocking(move || {
        let mut batch = Vec::with_capacity(BATCH);
        for delivery in deliveries(&plan) {
            batch.push(delivery);
            if batch.len() == BATCH && sender.blocking_send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))).is_err() {
                return;
            }
        }
        // The receiver is gone only when loading has failed, and that error is the one to tell.
        drop(sender.blocking_send(batch));
    });
    let mut total = 0;
    while let Some(batch) = receiver.recv().await {
        total += batch.len();
        writer.take_in(&batch).await?;
        bar.set_position(total as u64);
    }
    maker.await.context("failed to make the sample's deliveries")?;
    bar.set_length(total as u64);
    bar.set_message("computing facts");
    writer.refresh().await?;
    bar.finish_and_clear();
    output::note(&format!("loaded {total} deliveries in {:.1} s", began.elapsed().as_secs_f64()));
    Ok(())
}

fn greeting(address: SocketAddr) -> String {
    let base = format!("http://{address}");
    format!(
        "\nWaymark is ready with the sample organisation.\n\n\
         \x20 dashboard          {base}/\n\
         \x20 weekly report      {base}/api/v1/reports/weekly_adoption\n\
         \x20 leadership review  {base}/api/v1/reports/leadership_review\n\
         \x20 embeddable chart   {base}/api/v1/charts/trend.svg?metric=change_lead_time\n\
         \x20 SQL endpoint       curl {base}/api/v1/sql -H 'content-type: text/plain' -d 'select service, count(*) from deployments group by service order by 2 desc limit 5'\n\n\
         Press Ctrl-C to stop.\n"
    )
}
