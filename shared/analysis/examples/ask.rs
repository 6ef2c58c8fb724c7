#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    arguments: levier_analysis::AnalyseArguments,
    #[arg(long)]
    json: bool,
}
fn main() -> std::process::ExitCode {
    let words: Vec<String> = std::env::args()
        .enumerate()
        .filter(|(i, w)| *i != 1 || w != "analyse")
        .map(|(_, w)| w)
        .collect();
    let line = <Line as clap::Parser>::parse_from(words);
    match levier_analysis::run(&line.arguments) {
        Ok(a) => {
            if line.json {
                println!("{a}")
            } else {
                println!("{}", levier_analysis::render_text(&a))
            }
            std::process::ExitCode::SUCCESS
        }
        Err(e) => {
            let s = std::error::Error::source(&e).map_or(String::new(), |s| format!(": {s}"));
            eprintln!("{{\"error\":\"{e}{s}\"}}");
            std::process::ExitCode::from(if e.is_usage() { 2 } else { 1 })
        }
    }
}
