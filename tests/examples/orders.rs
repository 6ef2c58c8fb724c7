//! Writes an order export of a given size, in the own layout, for measuring an import: `orders 1GB out.csv`.
//!
//! Nothing in it is drawn by chance: row `i` is always the same row.
#![allow(clippy::print_stdout)]

use std::fs::File;
use std::io::{BufWriter, Write};

const HEADER: &str = "order_id,person_id,email,ordered_at,status,amount,refunded_amount,tax,shipping,discount,promo_code,currency,items,channel,updated_at\n";

fn bytes(text: &str) -> Option<u64> {
    let upper = text.to_uppercase();
    let (digits, unit) = if let Some(digits) = upper.strip_suffix("GB") {
        (digits, 1_000_000_000)
    } else {
        (upper.strip_suffix("MB")?, 1_000_000)
    };
    digits.trim().parse::<u64>().ok()?.checked_mul(unit)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [size, path] = arguments.as_slice() else {
        return Err("usage: orders 1GB out.csv".into());
    };
    let size = bytes(size).ok_or("the size is not written like 100MB or 2GB")?;
    let mut out = BufWriter::new(File::create(path)?);
    out.write_all(HEADER.as_bytes())?;
    let (mut written, mut i) = (HEADER.len() as u64, 0_u64);
    while written < size {
        i += 1;
        let person = i * 7919 % 500_000;
        let (year, month, day) = (2020 + i % 6, i / 28 % 12 + 1, i % 28 + 1);
        let refunded = i % 5 == 3;
        let row = format!(
            "ord-{i:010},p-{person:07},user{person}@exemple{}.fr,{year}-{month:02}-{day:02}T{:02}:{:02}:{:02}+02:00,{},{}.{:02},{},{}.{:02},4.90,0.00,{},EUR,{},{},{year}-{month:02}-{day:02}T23:59:59Z\n",
            person % 997,
            i % 24,
            i % 60,
            i * 7 % 60,
            if refunded { "refunded" } else { "paid" },
            1 + i % 1000,
            i % 100,
            if refunded { "1.00" } else { "" },
            i % 20,
            i % 100,
            if i % 3 == 0 { "PROMO" } else { "" },
            1 + i % 5,
            ["web", "shop", "app"][(i % 3) as usize],
        );
        out.write_all(row.as_bytes())?;
        written += row.len() as u64;
    }
    out.flush()?;
    println!("{i} rows, {written} bytes");
    Ok(())
}
