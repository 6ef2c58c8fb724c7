//! The command line, to the letter of the design.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;

/// What a community is worth, and how sure one can be.
#[derive(Debug, Parser)]
#[command(name = "levier", version)]
pub struct Arguments {
    /// What every command takes.
    #[command(flatten)]
    pub shared: Shared,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub struct Shared {
    /// Folder of the local cloud.
    #[arg(long, global = true, default_value = ".levier", value_name = "DIR")]
    pub data: PathBuf,
    /// The configuration; default: levier.toml in the current folder, if there is one.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// An AWS profile instead of the local cloud (with LEVIER_BUCKET and LEVIER_TABLE).
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The whole story on a made-up company.
    Demo(Demo),
    /// The local cloud: hooks, S3 and DynamoDB endpoints, scheduler, dashboard.
    Up(Up),
    /// A commented levier.toml.
    Init(Init),
    /// What is wrong with the configuration, secrets and sources; how a file would be read.
    Check(Check),
    /// Sign payloads as the platform does and post them.
    Send(Send),
    /// Put files in the drop bucket and print the receipts.
    Drop(DropFiles),
    /// Run a job.
    Run(Run),
    /// Read results.
    Table(Table),
    /// Sealed ROI snapshots.
    Snapshot(Snapshot),
    /// The estimators on a table of your own.
    Analyse(Box<levier_analysis::AnalyseArguments>),
    /// The week in brief, as it is sent.
    Digest(Digest),
    /// How good the sentiment is on labelled messages of your own.
    Sentiment(Sentiment),
    /// Deliveries of which some item could not be read.
    Quarantine(Quarantine),
    /// Read what was received since a day again, after a mapping was mended.
    Reprocess(Reprocess),
    /// Raw inputs of a made-up company, with its truth.
    Simulate(Simulate),
    /// What was merged, on which rule, and what waits for a person.
    Identity(Identity),
    /// Reading keys.
    Key(Key),
}

/// How large the made-up company is.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Scale {
    /// 2 k customers, 50 k events.
    #[default]
    Small,
    /// 200 k customers, 5 M events.
    Medium,
    /// 2 M customers, 50 M events, 15 M orders.
    Large,
}

impl From<Scale> for levier_simulator::Scale {
    fn from(scale: Scale) -> Self {
        match scale {
            Scale::Small => Self::Small,
            Scale::Medium => Self::Medium,
            Scale::Large => Self::Large,
        }
    }
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Size of the company.
    #[arg(long, value_enum, default_value_t)]
    pub scale: Scale,
    /// Stop after printing the figures.
    #[arg(long)]
    pub no_serve: bool,
    /// Which company.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// First day after the company's history; default: the first of this month.
    #[arg(long)]
    pub end: Option<Date>,
    /// Port of the dashboard.
    #[arg(long, default_value_t = 8787)]
    pub port: u16,
}

/// Arguments of `up`.
#[derive(Debug, Args)]
pub struct Up {
    /// Port of hooks, tables and dashboard; 0 takes a free one.
    #[arg(long, default_value_t = 8787)]
    pub port: u16,
    /// Run no job by the clock.
    #[arg(long)]
    pub no_schedule: bool,
}

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct Init {
    /// Where to write it; `-` prints it.
    #[arg(default_value = "levier.toml")]
    pub file: PathBuf,
    /// Replace what is there.
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Show how a file would be read.
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    /// With --export: every record, one JSON line each.
    #[arg(long, requires = "export")]
    pub rows: bool,
    /// With --export: what the rows are.
    #[arg(long, requires = "export")]
    pub entity: Option<String>,
    /// Try the mapping of a source on a payload.
    #[arg(long, value_name = "SOURCE", requires = "sample")]
    pub source: Option<String>,
    /// With --source: the payload.
    #[arg(long, value_name = "FILE", requires = "source")]
    pub sample: Option<PathBuf>,
    /// With --sample: a header of the delivery, `Name: value`.
    #[arg(long = "header", value_name = "NAME: VALUE", requires = "sample")]
    pub headers: Vec<String>,
}

/// Arguments of `send`.
#[derive(Debug, Args)]
pub struct Send {
    /// The source, by its name in levier.toml.
    pub source: String,
    /// Payloads, one delivery each.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Header of the platform beside the signature, `Name: value`.
    #[arg(long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,
}

/// Arguments of `drop`.
#[derive(Debug, Args)]
pub struct DropFiles {
    /// Files to drop.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// What the rows are.
    #[arg(long)]
    pub entity: Option<String>,
    /// The files are complete exports: what they do not hold any more counts as deleted.
    #[arg(long)]
    pub full: bool,
    /// When the file was first known, if not now (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub known_at: Option<jiff::Timestamp>,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// pull, import, compact, join, health, uplift, alert, snapshot, or nightly = all but snapshot. With --json one line of
    /// JSON for each job that ran.
    pub job: String,
    /// The day whose knowledge counts; at most a month to come.
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<Date>,
}

/// Arguments of `table`.
#[derive(Debug, Args)]
pub struct Table {
    /// Name of the table.
    pub name: String,
    /// json, csv or text.
    #[arg(long)]
    pub format: Option<String>,
    /// The day whose knowledge counts.
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<Date>,
    /// First period.
    #[arg(long)]
    pub from: Option<String>,
    /// Last period.
    #[arg(long)]
    pub to: Option<String>,
    /// One community.
    #[arg(long)]
    pub community: Option<String>,
    /// One segment.
    #[arg(long)]
    pub segment: Option<String>,
    /// One KPI.
    #[arg(long)]
    pub kpi: Option<String>,
    /// fr or en.
    #[arg(long)]
    pub lang: Option<String>,
    /// plain or excel-fr.
    #[arg(long)]
    pub dialect: Option<String>,
}

/// Arguments of `snapshot`.
#[derive(Debug, Args)]
pub struct Snapshot {
    /// What to do.
    #[command(subcommand)]
    pub action: SnapshotAction,
}

/// What to do with snapshots.
#[derive(Debug, Subcommand)]
pub enum SnapshotAction {
    /// Those there are.
    List,
    /// One, whole.
    Show {
        /// Its id.
        id: String,
    },
    /// Check the seal.
    Verify {
        /// Its id.
        id: String,
    },
}

/// Arguments of `digest`.
#[derive(Debug, Args)]
pub struct Digest {
    /// fr or en; the workspace's when absent.
    #[arg(long)]
    pub lang: Option<String>,
    /// The day whose knowledge counts.
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<Date>,
}

/// Arguments of `sentiment`.
#[derive(Debug, Args)]
pub struct Sentiment {
    /// What to do.
    #[command(subcommand)]
    pub action: SentimentAction,
}

/// What to do with sentiment.
#[derive(Debug, Subcommand)]
pub enum SentimentAction {
    /// Compare with labels that people gave: accuracy, macro-F1, coverage, confusion, corrected shares. Nothing is kept.
    Evaluate {
        /// A table with the columns text, label and, if known, language.
        file: PathBuf,
    },
}

/// Arguments of `quarantine`.
#[derive(Debug, Args)]
pub struct Quarantine {
    /// What to do.
    #[command(subcommand)]
    pub action: QuarantineAction,
}

/// What to do with quarantined deliveries.
#[derive(Debug, Subcommand)]
pub enum QuarantineAction {
    /// Those there are, with their reasons.
    List,
    /// One, whole.
    Show {
        /// Its key, as listed.
        key: String,
    },
    /// Read them again, after a mapping was mended.
    Replay {
        /// Only of this source.
        #[arg(long)]
        source: Option<String>,
    },
}

/// Arguments of `reprocess`.
#[derive(Debug, Args)]
pub struct Reprocess {
    /// The first day of receipt (UTC) to read again.
    #[arg(long, value_name = "DATE")]
    pub from: Date,
    /// Only of this source.
    #[arg(long)]
    pub source: Option<String>,
}

/// Arguments of `simulate`.
#[derive(Debug, Args)]
pub struct Simulate {
    /// Size of the company.
    #[arg(long, value_enum, default_value_t)]
    pub scale: Scale,
    /// Which company.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where to write.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// First day after the company's history; default: the first of this month.
    #[arg(long)]
    pub end: Option<Date>,
}

/// Arguments of `identity`.
#[derive(Debug, Args)]
pub struct Identity {
    /// review, links, conflicts or undo.
    #[command(subcommand)]
    pub action: IdentityAction,
}

/// What to see of identities.
#[derive(Debug, Subcommand)]
pub enum IdentityAction {
    /// Pairs that wait for a person.
    Review,
    /// What was merged, on which rule.
    Links,
    /// Links that were refused, and why.
    Conflicts,
    /// Say that a handle and a CRM person are different; holds from the next join on.
    Undo {
        /// `platform:handle`.
        handle: String,
        /// CRM id of the person.
        person_id: String,
    },
}

/// Arguments of `key`.
#[derive(Debug, Args)]
pub struct Key {
    /// What to do.
    #[command(subcommand)]
    pub action: KeyAction,
}

/// What to do with reading keys.
#[derive(Debug, Subcommand)]
pub enum KeyAction {
    /// Make one; it is shown once.
    Create {
        /// Its name.
        name: String,
        /// reader, finance or operator.
        #[arg(long, default_value = "reader")]
        role: String,
        /// Days until it ends.
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..))]
        days: u32,
    },
    /// Those there are.
    List,
    /// End one at once.
    Revoke {
        /// Its name.
        name: String,
    },
}
