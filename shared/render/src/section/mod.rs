//! The parts of the dashboard, one idea each. A part always stands: without rows it says what is missing.

pub(crate) mod alerts;
pub(crate) mod cohorts;
pub(crate) mod health;
pub(crate) mod lists;
pub(crate) mod people;
pub(crate) mod pipeline;
pub(crate) mod roi;
pub(crate) mod uplift;
