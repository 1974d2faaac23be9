//! For load balancers and service managers: does the process live, and can media flow.

use std::time::Instant;

use axum::extract::State;
use axum::http::StatusCode;

use super::problem::{Problem, ProblemType};
use crate::app::AppState;

/// 200 as long as requests are answered at all.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// 200 when media can flow: every socket is bound and every media thread turns its loop; 503 with the reason otherwise.
pub async fn readyz(State(state): State<AppState>) -> Result<&'static str, Problem> {
    let now = Instant::now();
    let dead = state.control.shards().iter().filter(|shard| !shard.status.is_alive(now)).count();
    let total = state.control.shards().len();
    let reason = if state.control.is_draining() {
        "the server is shutting down".to_owned()
    } else if dead > 0 || total == 0 {
        format!("{dead} of {total} media threads have ended or are stuck; the log says why, a restart mends it")
    } else {
        return Ok("ready\n");
    };
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, ProblemType::NotReady, reason))
}
