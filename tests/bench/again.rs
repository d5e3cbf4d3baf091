//! `again`: what a thousand new deliveries cost in an organisation that `load` has left in its folder.
//!
//! What is handed in are the last days' events under new ids, so the part can be run as often as wanted
//! without the half hour that loading the whole organisation takes: `again=1 --folder DIR`.

use crate::asked::Asked;
use crate::held_back::{HeldBack, Share};
use crate::large::{Large, is_made};
use crate::load::take_in;
use crate::rows::{NO_AIM, milliseconds, row};
use crate::runtime;
use serde_json::Value;
use std::time::Instant;
use waymark_analytics::Extent;
use waymark_event::ObservationId;

/// How often a thousand deliveries about few services are handed in.
const ROUNDS: usize = 4;

pub(crate) fn run(asked: &Asked) {
    runtime().block_on(again(asked));
}

async fn again(asked: &Asked) {
    let scale = asked.organisation();
    if !is_made(asked.folder()).await {
        row("new deliveries in an organisation that is there", "passed over: `load` has left none in the folder", NO_AIM);
        return;
    }
    let held_back = HeldBack::passed_over(&scale);
    let mut large = Large::open(scale, asked.folder()).await;
    let began = Instant::now();
    large.refresh(Extent::Touched).await;
    row("refresh when nothing is new, after a start", &milliseconds(began.elapsed()), NO_AIM);
    let merges = large.merge().await;
    row("small files that earlier runs left, merged as upkeep does", &format!("{merges} merges"), NO_AIM);
    // The first of a process finds out what belongs together; the others know it.
    for round in 0..ROUNDS {
        take_in(&mut large, under_new_ids(held_back.few.clone(), round)).await;
    }
    take_in(&mut large, under_new_ids(held_back.spread, ROUNDS)).await;
}

/// The same events, about commits, runs and deployments that nobody has told of.
fn under_new_ids(mut share: Share, round: usize) -> Share {
    for (place, delivery) in share.deliveries.iter_mut().enumerate() {
        let mut event: Value = serde_json::from_slice(&delivery.body).unwrap();
        // The delivery's own id was made a moment ago, and is no other run's.
        let new = format!("{}-{round}-{place}", delivery.id.as_str());
        for name in ["run_id", "deployment_id"] {
            if let Some(id) = event["data"].get_mut(name) {
                *id = Value::String(new.clone());
            }
        }
        if let Some(sha) = event["data"].get_mut("sha") {
            *sha = Value::String(format!("{}00000000", ObservationId::of("sha", new.as_bytes()).as_str()));
        }
        delivery.body = serde_json::to_vec(&event).unwrap();
    }
    share
}
