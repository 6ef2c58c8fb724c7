//! Writes the description of the lake under `infra/aws`: `cargo run --release -p levier-lake --example layout`.

use levier_lake::layout;

fn main() -> std::io::Result<()> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/aws");
    std::fs::write(format!("{folder}/LAKE.md"), layout::page())?;
    std::fs::write(format!("{folder}/lake.yaml"), layout::glue_template())
}
