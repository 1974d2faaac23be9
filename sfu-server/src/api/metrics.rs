//! `GET /metrics`, and the counting of requests.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::{Problem, ProblemType};
use crate::app::AppState;
use crate::metrics::Sample;

/// Media type of the OpenMetrics text format, which Prometheus reads.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Every counter, in OpenMetrics text.
pub async fn metrics(State(state): State<AppState>) -> Result<Response, Problem> {
    let sample = Sample::take(&state.control).await;
    let text = state.metrics.encode(sample).map_err(|_| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, ProblemType::Blank, "the counters cannot be written")
    })?;
    Ok(([(CONTENT_TYPE, OPENMETRICS)], text).into_response())
}

/// Middleware: counts each request under its route, never under its path.
pub async fn count(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let start = Instant::now();
    let response = next.run(request).await;
    state.metrics.count_request(&method, route, response.status(), start.elapsed());
    response
}
