//! Aligned tables. A ratio is theirs by ours: above one means that ours is better.

/// A table on the console.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Starts a table under a title.
    pub(crate) fn new(title: &str, head: &[&str]) -> Self {
        println!("\n{title}");
        let head = head.iter().map(|&word| word.to_owned()).collect();
        Self { rows: vec![head] }
    }

    /// Adds a line.
    pub(crate) fn line(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Prints it: the first column to the left, the others to the right.
    pub(crate) fn print(self) {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..columns).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let gap = " ".repeat(widths[column] - cell.chars().count());
                let padded = if column == 0 {
                    format!("  {cell}{gap}")
                } else {
                    format!("   {gap}{cell}")
                };
                line.push_str(&padded);
            }
            println!("{}", line.trim_end());
        }
    }
}

/// A number with three digits that say something.
pub(crate) fn figure(value: f64) -> String {
    let places = match value.abs() {
        v if !v.is_finite() => return "-".to_owned(),
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.places$}")
}

/// How often ours fits into theirs.
pub(crate) fn ratio(theirs: f64, ours: f64) -> String {
    format!("{}x", figure(theirs / ours))
}
