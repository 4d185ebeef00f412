//! Link settings for a Node addon: undefined Node-API symbols on macOS, no unloading (`-z nodelete`) on Linux.

fn main() {
    napi_build::setup();
}
