//! What the API says of itself (OpenAPI 3.1).

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// Name of the way to prove who one is.
const ADMIN_TOKEN: &str = "admin_token";
/// The same, for tokens.
const TOKEN: &str = "token";

/// The document's frame; its paths come from the handlers.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "sfu-server",
        description = "What is in the rooms, and what an operator allows rooms and participants. Bitrates are whole numbers of \
                       bit/s of UDP payload, heights of pixels. A change is in force when it is answered. Errors are problem \
                       documents (RFC 9457)."
    ),
    modifiers(&Security),
    security((), ("admin_token" = []), ("token" = []))
)]
pub struct Api;

#[derive(Debug)]
struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
            "The option admin_token. While it is empty nobody is let in; with admin_local, whoever asks from the server's own machine is.",
        ));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(ADMIN_TOKEN, SecurityScheme::Http(bearer.build()));
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").description(Some(
            "A token (HS256 or EdDSA) that a key in auth_keys has signed: with the grant admin for everything, with moderate for \
             looking into the room that it names. sfu-server token and POST /api/v1/tokens make them.",
        ));
        components.add_security_scheme(TOKEN, SecurityScheme::Http(token.build()));
    }
}
