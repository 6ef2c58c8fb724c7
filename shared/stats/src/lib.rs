//! Estimators, pure and mergeable. This crate knows no communities, no files and no clocks.
//!
//! Accumulators take rows with `update`, join shards with `merge`, and answer with `finish`; larger fits take slices. An
//! answer is a value with its standard error and 95 % interval, or a typed [`StatsError`]: never NaN, never a panic, never a
//! zero that stands for "unknown". The same input in the same order gives the same bits; seeds are arguments.
//!
//! | question | module |
//! |---|---|
//! | difference of means, lift | [`difference`], [`cuped`], [`proportion`] |
//! | ratio of sums | [`ratio`], [`fieller`], [`bootstrap`] |
//! | like with like | [`propensity`] (over [`stratified`], [`regression`], [`influence`], [`entropy`]), [`patterns`], [`balance`] |
//! | staggered joins | [`did`], [`sup_t`], [`sensitivity`] |
//! | time until | [`survival`], [`cox`], [`cloglog`] |
//! | customer value | [`bgnbd`], [`gammagamma`], [`sbg`] |
//! | may it be said | [`gates`], [`srm`], [`evalue`], [`multiplicity`], [`power`] |

pub mod balance;
pub mod bgnbd;
pub mod bootstrap;
pub mod cloglog;
pub mod cox;
pub mod cuped;
pub mod did;
pub mod difference;
pub mod entropy;
pub mod error;
pub mod estimate;
pub mod evalue;
pub mod fieller;
pub mod gammagamma;
pub mod gates;
pub mod influence;
pub mod linear;
pub mod logit;
pub mod moments;
pub mod multiplicity;
pub mod nps;
pub mod optimise;
pub mod patterns;
pub mod power;
pub mod propensity;
pub mod proportion;
pub mod quantile;
pub mod ratio;
pub mod regression;
pub mod sbg;
pub mod sensitivity;
pub mod shares;
pub mod skew;
pub mod srm;
pub mod stratified;
pub mod sup_t;
pub mod survival;

pub use error::StatsError;
pub use estimate::Estimate;

#[cfg(test)]
mod reference;

#[cfg(test)]
mod properties;
