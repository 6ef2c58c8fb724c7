//! Sales that two systems tell: a shop and the service through which it is paid each export the order, under ids of their own.
//!
//! Nothing in either row says that the other is the same sale. What is there is one person, one day and one amount, which seldom
//! come together by chance: where they do so often, the job says it, and the configuration says which system counts.

use jiff::civil::Date;

/// An order of one of several systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sale {
    /// Who bought.
    pub person: u32,
    /// When, in the workspace's zone.
    pub day: Date,
    /// Gross, in minor units of the order's currency.
    pub amount_minor: i64,
    /// Position of the system.
    pub shop: u16,
}

/// How many sales are there in another system as well: of each person, day and amount, all but those of the system with most.
pub fn told_twice(sales: &mut [Sale]) -> u64 {
    sales.sort_unstable();
    let mut twice = 0;
    for same in sales
        .chunk_by(|a, b| (a.person, a.day, a.amount_minor) == (b.person, b.day, b.amount_minor))
    {
        let most = same
            .chunk_by(|a, b| a.shop == b.shop)
            .map(<[Sale]>::len)
            .max();
        twice += same.len() - most.unwrap_or(0);
    }
    twice as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sale_is_told_twice_by_two_systems_and_not_by_one() {
        let sale = |person, day: i8, amount_minor, shop| Sale {
            person,
            day: Date::constant(2026, 3, day),
            amount_minor,
            shop,
        };
        let mut sales = vec![
            // The same sale by the shop and by the bank.
            sale(1, 10, 5_000, 0),
            sale(1, 10, 5_000, 1),
            // Two coffees of one day in one shop, of which the bank tells one.
            sale(2, 10, 300, 0),
            sale(2, 10, 300, 0),
            sale(2, 10, 300, 1),
            // Another day, another amount, another person.
            sale(3, 11, 300, 0),
            sale(3, 12, 300, 1),
            sale(3, 11, 400, 1),
            sale(4, 11, 300, 1),
        ];
        assert_eq!(told_twice(&mut sales), 2);
        assert_eq!(told_twice(&mut []), 0);
    }
}
