//! What can go wrong between a folder and a running local cloud.

use std::path::PathBuf;

/// Why the local cloud did not start, or was not prepared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CloudError {
    /// Another process, or another [`Cloud`](crate::Cloud) of this one, serves the folder.
    #[error(
        "`{}` is in use by {}; stop that process, talk to its endpoints, or choose another folder with --data",
        data.display(),
        owner(*pid)
    )]
    InUse {
        /// The data folder.
        data: PathBuf,
        /// The process that holds the lock, where it could be read.
        pid: Option<u32>,
    },
    /// A file or folder of the data folder could not be used.
    #[error("cannot {action} `{}`; check that the folder exists, is writable and has space left", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A loopback port could not be opened.
    #[error("cannot listen on 127.0.0.1:{port}; choose another port, or 0 for a free one")]
    Listen {
        /// The port asked for.
        port: u16,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The SQLite file of the DynamoDB endpoint could not be opened or read.
    #[error("the table store `{}` failed: {reason}; if it is damaged, restore it or move it away and run the jobs again", path.display())]
    Tables {
        /// The SQLite file.
        path: PathBuf,
        /// What the engine said.
        reason: String,
    },
    /// A bucket or a table could not be made.
    #[error(
        "cannot create the {what} `{name}`; check the endpoint, and that the name has at least three characters"
    )]
    Prepare {
        /// `bucket` or `table`.
        what: &'static str,
        /// Its name.
        name: String,
        /// What the client said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl CloudError {
    /// Whether the same call may succeed later without anybody mending anything: true while somebody else holds the
    /// folder or the port, and for a failed preparation.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::InUse { .. } | Self::Listen { .. } | Self::Prepare { .. } => true,
            Self::Io { .. } | Self::Tables { .. } => false,
        }
    }

    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}

fn owner(pid: Option<u32>) -> String {
    pid.map_or_else(
        || "another process".to_owned(),
        |pid| format!("process {pid}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_folder_says_who_and_what_to_do() {
        let error = CloudError::InUse {
            data: "shop".into(),
            pid: Some(41),
        };
        assert_eq!(
            error.to_string(),
            "`shop` is in use by process 41; stop that process, talk to its endpoints, or choose another folder with --data"
        );
        assert!(error.is_retryable());
    }
}
