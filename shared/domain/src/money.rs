//! Money is whole: integer minor units of one ISO 4217 currency, never a float.
//!
//! Parsing refuses more decimals than the currency has; it never rounds (ENTITIES: "more is refused, never rounded").

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

/// An ISO 4217 currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// The euro, the default reporting currency.
    pub const EUR: Self = Self(iso_currency::Currency::EUR);

    /// Reads an alphabetic code, whatever its case.
    ///
    /// # Errors
    /// [`MoneyError::UnknownCurrency`] when ISO 4217 has no such code.
    pub fn parse(code: &str) -> Result<Self, MoneyError> {
        let upper = code.trim().to_ascii_uppercase();
        iso_currency::Currency::from_code(&upper)
            .map(Self)
            .ok_or(MoneyError::UnknownCurrency(upper))
    }

    /// The three-letter code.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimals its minor unit has: 2 for EUR, 0 for JPY, 3 for KWD.
    #[must_use]
    pub fn decimals(self) -> u32 {
        u32::from(self.0.exponent().unwrap_or(0))
    }

    /// How many minor units make one major unit.
    #[must_use]
    pub fn minor_per_major(self) -> i64 {
        10_i64.pow(self.decimals())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(code: &str) -> Result<Self, MoneyError> {
        Self::parse(code)
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::parse(&code).map_err(serde::de::Error::custom)
    }
}

/// An amount in minor units (cents, yen) of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// An amount that is already in minor units.
    #[must_use]
    pub fn from_minor(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Reads a plain decimal (`-12.50`, a dot as decimal mark, no thousands).
    ///
    /// # Errors
    /// Refuses text that is no decimal, more decimals than the currency has, and amounts past 64 bits.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let decimal = Decimal::from_str(text.trim()).map_err(|_| MoneyError::NotANumber)?;
        Self::from_decimal(decimal, currency)
    }

    /// The same from a decimal number.
    ///
    /// # Errors
    /// As [`Money::parse`].
    pub fn from_decimal(decimal: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        let minor = decimal
            .checked_mul(Decimal::from(currency.minor_per_major()))
            .ok_or(MoneyError::TooLarge)?;
        if minor.fract() != Decimal::ZERO {
            return Err(MoneyError::TooManyDecimals {
                currency,
                allowed: currency.decimals(),
            });
        }
        minor
            .to_i64()
            .map(|minor| Self { minor, currency })
            .ok_or(MoneyError::TooLarge)
    }

    /// The amount in minor units.
    #[must_use]
    pub fn minor(self) -> i64 {
        self.minor
    }

    /// Its currency.
    #[must_use]
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// `None` on mixed currencies or overflow.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let minor = self.minor.checked_add(other.minor)?;
        (self.currency == other.currency).then_some(Self { minor, ..self })
    }

    /// The amount in major units, for statistics and display only.
    #[must_use]
    pub fn major(self) -> f64 {
        self.minor as f64 / self.currency.minor_per_major() as f64
    }

    /// Converts at `rate` units of `target` for one unit of this currency; half a minor unit goes to the even neighbour.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`] when the product does not fit.
    pub fn convert(self, rate: Decimal, target: Currency) -> Result<Self, MoneyError> {
        let major = Decimal::new(self.minor, self.currency.decimals());
        let converted = major.checked_mul(rate).ok_or(MoneyError::TooLarge)?;
        let rounded = converted.round_dp(target.decimals());
        Self::from_decimal(rounded, target)
    }
}

/// Why a text is not an amount of money.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// No such ISO 4217 code.
    #[error("`{0}` is not an ISO 4217 currency code; write EUR, USD, GBP…")]
    UnknownCurrency(String),
    /// Not a decimal number.
    #[error("not an amount; write digits with one decimal mark")]
    NotANumber,
    /// Finer than the minor unit.
    #[error(
        "more decimals than {currency} has ({allowed}); amounts are never rounded, export with {allowed} decimals"
    )]
    TooManyDecimals {
        /// The currency of the column.
        currency: Currency,
        /// How many decimals it has.
        allowed: u32,
    },
    /// Past 64 bits of minor units.
    #[error("amount is too large")]
    TooLarge,
}

/// `part × of ÷ whole`, half to the even minor unit: the tax that belongs to what is left after a refund.
#[must_use]
pub fn share(part: i64, of: i64, whole: i64) -> i64 {
    if whole == 0 || part == 0 {
        return 0;
    }
    let exact = Decimal::from(part) * Decimal::from(of) / Decimal::from(whole);
    exact.round_dp(0).to_i64().unwrap_or(0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_at_most_the_decimals_of_their_currency() {
        for (case, text, code, want) in [
            ("euro cents", "12.50", "EUR", Ok(1250)),
            ("lower-case code", "12.5", "eur", Ok(1250)),
            ("trailing zeros are not finer", "12.5000", "EUR", Ok(1250)),
            ("negative", "-0.01", "EUR", Ok(-1)),
            ("yen have no decimals", "12.5", "JPY", Err(())),
            ("dinar have three", "1.234", "KWD", Ok(1234)),
            ("a third of a cent", "0.333", "EUR", Err(())),
            ("words", "douze", "EUR", Err(())),
        ] {
            let got = Money::parse(text, Currency::parse(code).unwrap())
                .map(Money::minor)
                .map_err(|_| ());
            assert_eq!(got, want, "{case}");
        }
    }

    #[test]
    fn conversion_rounds_half_to_even_once() {
        let usd = Money::from_minor(1005, Currency::parse("USD").unwrap());
        let half = usd.convert(Decimal::new(5, 1), Currency::EUR).unwrap();
        assert_eq!(half.minor(), 502, "5.025 goes to the even cent");
    }

    #[test]
    fn currencies_do_not_mix() {
        let euro = Money::from_minor(1, Currency::EUR);
        assert_eq!(
            euro.checked_add(Money::from_minor(1, Currency::parse("USD").unwrap())),
            None
        );
        assert_eq!(
            euro.checked_add(Money::from_minor(i64::MAX, Currency::EUR)),
            None
        );
    }

    #[test]
    fn tax_shrinks_with_the_refund() {
        assert_eq!(share(200, 600, 1200), 100);
        assert_eq!(share(200, 0, 0), 0);
        assert_eq!(share(1, 1, 2), 0, "half to the even unit");
    }
}
