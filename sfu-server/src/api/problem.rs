//! Problem documents (RFC 9457): what was wrong, where, and what to do. Every error leaves the server as one.

use axum::Json;
use axum::extract::Request;
use axum::extract::rejection::BytesRejection;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sfu_core::error::RequestError;
use sfu_core::limits::SDP_BYTES_MAX;
use sfu_core::sdp::SdpError;
use utoipa::ToSchema;

use crate::control::{CapsError, ControlError};

/// Media type of a problem document.
pub const PROBLEM: &str = "application/problem+json";

/// What kind of problem it is; the stable part of a document's `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemType {
    /// Says no more than the status code.
    Blank,
    BadName,
    BadQuery,
    BadSdp,
    NoCommonCodec,
    UnsupportedMediaType,
    BodyTooLarge,
    PreconditionRequired,
    PreconditionFailed,
    NoSuchResource,
    IdentityTaken,
    OriginRefused,
    BadJson,
    BadField,
    TooManySettings,
    NotAdministrator,
    TokenNeeded,
    TokenInvalid,
    TokenExpired,
    NotAllowed,
    InviteUnknown,
    InviteExpired,
    InviteUsedUp,
    InviteWithdrawn,
    NotReady,
}

impl ProblemType {
    fn uri(self) -> &'static str {
        match self {
            Self::Blank => "about:blank",
            Self::BadName => "urn:sfu:problem:bad-name",
            Self::BadQuery => "urn:sfu:problem:bad-query",
            Self::BadSdp => "urn:sfu:problem:bad-sdp",
            Self::NoCommonCodec => "urn:sfu:problem:no-common-codec",
            Self::UnsupportedMediaType => "urn:sfu:problem:unsupported-media-type",
            Self::BodyTooLarge => "urn:sfu:problem:body-too-large",
            Self::PreconditionRequired => "urn:sfu:problem:precondition-required",
            Self::PreconditionFailed => "urn:sfu:problem:precondition-failed",
            Self::NoSuchResource => "urn:sfu:problem:no-such-resource",
            Self::IdentityTaken => "urn:sfu:problem:identity-taken",
            Self::OriginRefused => "urn:sfu:problem:origin-refused",
            Self::BadJson => "urn:sfu:problem:bad-json",
            Self::BadField => "urn:sfu:problem:bad-field",
            Self::TooManySettings => "urn:sfu:problem:too-many-settings",
            Self::NotAdministrator => "urn:sfu:problem:not-administrator",
            Self::TokenNeeded => "urn:sfu:problem:token-needed",
            Self::TokenInvalid => "urn:sfu:problem:token-invalid",
            Self::TokenExpired => "urn:sfu:problem:token-expired",
            Self::NotAllowed => "urn:sfu:problem:not-allowed",
            Self::InviteUnknown => "urn:sfu:problem:invite-unknown",
            Self::InviteExpired => "urn:sfu:problem:invite-expired",
            Self::InviteUsedUp => "urn:sfu:problem:invite-used-up",
            Self::InviteWithdrawn => "urn:sfu:problem:invite-withdrawn",
            Self::NotReady => "urn:sfu:problem:not-ready",
        }
    }

    fn title(self) -> Option<&'static str> {
        Some(match self {
            Self::Blank => return None,
            Self::BadName => "A name in the URL cannot be used",
            Self::BadQuery => "A query parameter cannot be used",
            Self::BadSdp => "The session description cannot be used",
            Self::NoCommonCodec => "No codec in common",
            Self::UnsupportedMediaType => "Wrong Content-Type",
            Self::BodyTooLarge => "The body is too large",
            Self::PreconditionRequired => "If-Match is missing",
            Self::PreconditionFailed => "If-Match names another ICE generation",
            Self::NoSuchResource => "There is no such resource",
            Self::IdentityTaken => "Somebody has this identity",
            Self::OriginRefused => "Pages of this origin may not connect",
            Self::BadJson => "The body is not the JSON that is asked for",
            Self::BadField => "A field cannot be set so",
            Self::TooManySettings => "There are too many settings",
            Self::NotAdministrator => "This is for the administrator",
            Self::TokenNeeded => "This needs a token",
            Self::TokenInvalid => "The token is not accepted",
            Self::TokenExpired => "The token has expired",
            Self::NotAllowed => "The token does not allow this",
            Self::InviteUnknown => "This is no invitation",
            Self::InviteExpired => "The invitation has run out",
            Self::InviteUsedUp => "The invitation has been used",
            Self::InviteWithdrawn => "The invitation is good no more",
            Self::NotReady => "The server cannot do this now",
        })
    }
}

/// An error on its way to a client.
#[derive(Debug, Clone)]
pub struct Problem {
    pub status: StatusCode,
    pub kind: ProblemType,
    pub detail: String,
    /// A header that the status calls for.
    pub header: Option<(HeaderName, HeaderValue)>,
    /// Each field of the body that is at fault.
    pub errors: Box<[Fault]>,
}

/// A field that is at fault (RFC 9457 §3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fault {
    /// Where it is in the body, as a JSON pointer in a URI fragment (RFC 6901 §6).
    #[schema(example = "#/subscribe_max_bps")]
    pub pointer: String,
    /// What it must be instead.
    pub detail: String,
}

/// Why a request was refused (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Document<'a> {
    r#type: &'a str,
    title: &'a str,
    status: u16,
    /// What was wrong here, and what to do.
    #[serde(skip_serializing_if = "str::is_empty")]
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
    #[serde(skip_serializing_if = "<[Fault]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [Fault],
}

impl Problem {
    pub fn new(status: StatusCode, kind: ProblemType, detail: impl Into<String>) -> Self {
        Self { status, kind, detail: detail.into(), header: None, errors: Box::default() }
    }

    /// Adds a header to the response.
    pub fn with_header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.header = Some((name, HeaderValue::from_static(value)));
        self
    }

    /// Refuses a body whose fields are at fault.
    pub fn of_fields(errors: Vec<Fault>) -> Self {
        let details: Vec<&str> = errors.iter().map(|fault| fault.detail.as_str()).collect();
        let problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, ProblemType::BadField, details.join("; "));
        Self { errors: errors.into(), ..problem }
    }

    /// 404 for a resource that never was or is no more; which of them is not told.
    pub fn no_such_resource() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            ProblemType::NoSuchResource,
            "it was ended, replaced by a newer publisher of the same identity, timed out, or never existed; POST a new offer",
        )
    }

    fn render(&self, instance: Option<&str>) -> Response {
        let title = self.kind.title().or(self.status.canonical_reason()).unwrap_or("Error");
        let document = Document {
            r#type: self.kind.uri(),
            title,
            status: self.status.as_u16(),
            detail: &self.detail,
            instance,
            errors: &self.errors,
        };
        let mut response = (self.status, Json(document)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        if let Some((name, value)) = &self.header {
            response.headers_mut().insert(name.clone(), value.clone());
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.render(None);
        response.extensions_mut().insert(self);
        response
    }
}

impl From<ControlError> for Problem {
    fn from(error: ControlError) -> Self {
        match &error {
            ControlError::Refused(RequestError::Sdp(sdp)) => {
                let (status, kind) = of_sdp(sdp);
                Self::new(status, kind, error.to_string())
            }
            ControlError::Refused(RequestError::UnknownTransport(_)) => Self::no_such_resource(),
            ControlError::Refused(
                RequestError::NoSuchSlot { .. }
                | RequestError::SlotNamedTwice { .. }
                | RequestError::NoSuchTrack { .. },
            ) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, ProblemType::BadQuery, error.to_string()),
            ControlError::Refused(RequestError::RestartWithoutPassword | RequestError::OneOfferOnly) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, ProblemType::BadSdp, error.to_string())
            }
            ControlError::Refused(RequestError::Internal) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, ProblemType::Blank, error.to_string())
            }
            ControlError::Refused(RequestError::ShardFull)
            | ControlError::Draining
            | ControlError::NoShard
            | ControlError::NotSent(_)
            | ControlError::NoAnswer => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, ProblemType::NotReady, error.to_string())
                    .with_header(RETRY_AFTER, "5")
            }
        }
    }
}

impl From<CapsError> for Problem {
    fn from(error: CapsError) -> Self {
        let detail = error.to_string();
        match error {
            CapsError::TooManyRooms | CapsError::TooManyParticipants => {
                Self::new(StatusCode::CONFLICT, ProblemType::TooManySettings, detail)
            }
            CapsError::NotInForce(_) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, ProblemType::NotReady, detail).with_header(RETRY_AFTER, "1")
            }
        }
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let detail = format!("at most {SDP_BYTES_MAX} bytes are accepted; offer fewer sections");
            return Self::new(StatusCode::PAYLOAD_TOO_LARGE, ProblemType::BodyTooLarge, detail);
        }
        Self::new(rejection.status(), ProblemType::Blank, rejection.body_text())
    }
}

/// Broken syntax is 400, sense that cannot be served 422, no common codec 406 and too much of anything 413 (RFC 9725 §4.2).
fn of_sdp(error: &SdpError) -> (StatusCode, ProblemType) {
    match error {
        SdpError::TooLong { .. }
        | SdpError::TooManyLines
        | SdpError::TooManySections
        | SdpError::TooManyTracks { .. }
        | SdpError::TooManySlots { .. } => (StatusCode::PAYLOAD_TOO_LARGE, ProblemType::BodyTooLarge),
        SdpError::ControlCharacter { .. }
        | SdpError::NotAField { .. }
        | SdpError::Malformed { .. }
        | SdpError::Truncated => (StatusCode::BAD_REQUEST, ProblemType::BadSdp),
        SdpError::NoMutualCodec { .. } => (StatusCode::NOT_ACCEPTABLE, ProblemType::NoCommonCodec),
        SdpError::NoSection
        | SdpError::DuplicateMid { .. }
        | SdpError::NotBundled { .. }
        | SdpError::NoRtcpMux { .. }
        | SdpError::NoIceCredentials { .. }
        | SdpError::NoFragmentUfrag
        | SdpError::MixedFragment
        | SdpError::IceUfrag { .. }
        | SdpError::IcePwd { .. }
        | SdpError::NoFingerprint { .. }
        | SdpError::WeakFingerprint { .. }
        | SdpError::MalformedFingerprint { .. }
        | SdpError::Setup { .. }
        | SdpError::PayloadTypeConflict { .. }
        | SdpError::ExtensionConflict { .. }
        | SdpError::PayloadTypeChanged { .. }
        | SdpError::ExtensionChanged { .. }
        | SdpError::SectionsGone { .. }
        | SdpError::SectionMoved { .. }
        | SdpError::KindChanged { .. }
        | SdpError::FingerprintChanged
        | SdpError::RoleChanged
        | SdpError::HalfRestart
        | SdpError::SsrcTaken { .. }
        | SdpError::NothingPublished
        | SdpError::NothingFlows
        | SdpError::NothingWatched => (StatusCode::UNPROCESSABLE_ENTITY, ProblemType::BadSdp),
    }
}

/// Middleware: names the request in each problem document, and makes one of each bare error, such as the router's 405.
pub async fn complete(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    let mut response = next.run(request).await;
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    let is_page = response.headers().get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    if !is_error || is_page {
        return response;
    }
    let problem = response.extensions_mut().remove::<Problem>();
    let problem = problem.unwrap_or_else(|| bare(response.status(), &method));
    let mut complete = problem.render(Some(&path));
    for (name, value) in response.headers() {
        if *name != CONTENT_TYPE && *name != CONTENT_LENGTH {
            complete.headers_mut().insert(name, value.clone());
        }
    }
    complete
}

/// Fallback of routes that know fewer methods.
pub async fn method_not_allowed() -> StatusCode {
    StatusCode::METHOD_NOT_ALLOWED
}

fn bare(status: StatusCode, method: &Method) -> Problem {
    let detail = match status {
        StatusCode::METHOD_NOT_ALLOWED => format!("{method} is not possible here; the Allow header names what is"),
        StatusCode::REQUEST_TIMEOUT => "the request took too long to arrive; send it again".to_owned(),
        status if status.is_server_error() => {
            "a fault of the server's own; the operator finds it in the log".to_owned()
        }
        _ => String::new(),
    };
    Problem::new(status, ProblemType::Blank, detail)
}
