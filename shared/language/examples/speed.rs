//! Messages read per second on one core. Run in release: `cargo run --release -p levier-language --example speed`.
#![expect(clippy::print_stdout, reason = "a measurement is printed")]

use std::time::Instant;

const MESSAGES: &[&str] = &[
    "Bonjour, est-ce que quelqu'un sait comment exporter les factures du mois dernier ?",
    "Merci beaucoup, c'est parfait :tada:",
    "Thanks! That worked, the export is in <https://exemple.fr/doc|the docs>",
    "Does anyone know why the webhook is sent twice?",
    "J'ai le même problème depuis hier, c'est vraiment pénible",
    "ok",
    "super génial 👍",
    "@helene la nouvelle version est en ligne, dites-nous ce que vous en pensez",
];

fn main() {
    const ROUNDS: usize = 20_000;
    let mut scored = 0;
    let begun = Instant::now();
    for _ in 0..ROUNDS {
        for message in MESSAGES {
            scored += usize::from(levier_language::read(message).sentiment.is_some());
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{:.0} messages a second, {scored} scored",
        (ROUNDS * MESSAGES.len()) as f64 / seconds
    );
}
