/** What the server takes of a name, bytes of UTF-8. */
export const NAME_BYTES_MAX = 128;
/** How long ICE and DTLS may take, ms; on a reachable server they take about a tenth of a second. */
export const CONNECT_MS_MAX = 10_000;
/** How long a silent path may recover by itself before ICE restarts, ms. */
export const DISCONNECTED_MS_MAX = 2_000;
/** How long an ICE restart may take before everything starts anew, ms. */
export const RESTART_MS_MAX = 5_000;
