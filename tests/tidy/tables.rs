//! The tables that the code writes are those that the store knows by name.

use crate::code;
use crate::tree::Breaches;

/// Where the store has the names.
const HOME: &str = "src/store/names.rs";

/// The literal names of tables in a text.
fn tables(text: &str) -> Vec<&str> {
    let named = |marker| {
        text.split(marker).skip(1).filter_map(|rest: &str| {
            let name = rest.trim_start().strip_prefix('"')?;
            name.split('"').next()
        })
    };
    let all = named("Table::new(").chain(named("TableName::new("));
    all.collect()
}

#[test]
fn the_store_knows_every_table_by_name() {
    let code = code();
    let home = code.iter().find(|file| file.path == HOME);
    let known = home.map_or("", |file| &file.text);
    let mut breaches = Breaches::default();
    let mut seen = 0;
    for file in &code {
        for table in tables(&file.text) {
            seen += 1;
            if !known.contains(&format!("\"{table}\",")) {
                breaches.add(format!("{}: {table}", file.path));
            }
        }
    }
    assert!(
        seen > 50,
        "{seen} tables were found: has their form changed?"
    );
    breaches.must_be_none(&format!(
        "A damaged data file with a table that {HOME} does not name is not written anew. Add there:",
    ));
}

#[test]
fn a_table_is_found_in_both_forms() {
    let text = "const A: Table<u8> = Table::new(\n \"a\", 1);\nconst B: TableName = TableName::new(\"b\");\nTable::new(x)";
    assert_eq!(tables(text), ["a", "b"]);
}
