//! Questions side by side: planning one keeps a single core busy, so whoever has several asks them at once.

use datafusion::common::runtime::SpawnedTask;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use std::future::pending;
use std::thread::available_parallelism;

/// A question that nobody has begun to answer.
type Question<Answer, Error> = BoxFuture<'static, Result<Answer, Error>>;

/// The answers to several questions, in their order; as many are worked on at once as there are cores.
///
/// # Errors
/// The first that one of them had; the others are given up then.
pub fn side_by_side<Answer, Error>(
    questions: Vec<BoxFuture<'static, Result<Answer, Error>>>,
) -> BoxFuture<'static, Result<Vec<Answer>, Error>>
where
    Answer: Send + 'static,
    Error: Send + 'static,
{
    let at_once = available_parallelism().map_or(1, usize::from);
    stream::iter(questions).map(in_a_task).buffered(at_once).try_collect().boxed()
}

async fn in_a_task<Answer, Error>(question: Question<Answer, Error>) -> Result<Answer, Error>
where
    Answer: Send + 'static,
    Error: Send + 'static,
{
    match SpawnedTask::spawn(question).join_unwind().await {
        Ok(answer) => answer,
        // Only a runtime that ends gives a task up, and nobody waits for it then.
        Err(_) => pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn answers_keep_the_order_of_their_questions() {
        let delays_ms = [30, 0, 10, 0];
        let questions = delays_ms.map(|delay_ms| async move {
            tokio::time::sleep(std::time::Duration::from_millis(delay_ms)).await;
            Ok::<_, ()>(delay_ms)
        });
        assert_eq!(side_by_side(questions.map(FutureExt::boxed).into()).await, Ok(delays_ms.to_vec()));
    }

    #[tokio::test]
    async fn the_first_error_gives_the_others_up() {
        let (told, given_up) = oneshot::channel::<()>();
        let question = |number: u32, mut told: Option<oneshot::Sender<()>>| async move {
            match told.as_mut() {
                Some(told) => {
                    told.closed().await;
                    Ok(number)
                }
                None => Err(number),
            }
        };
        assert_eq!(side_by_side(vec![question(1, None).boxed(), question(2, Some(told)).boxed()]).await, Err(1));
        given_up.await.unwrap_err();
    }
}
