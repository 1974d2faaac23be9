//! Makes a change of the built web pages rebuild the binary that embeds them.

fn main() {
    // Cargo would rerun this for ever if the folder were missing; it is empty until the pages are built.
    let _ = std::fs::create_dir_all("../web/dist");
    println!("cargo:rerun-if-changed=../web/dist");
}
