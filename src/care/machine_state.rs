//! What the system says of this process; nothing where it is not Linux.

/// Files that this process has open, and how many it may have.
#[must_use]
pub fn open_files() -> Option<(u64, u64)> {
    let open = std::fs::read_dir("/proc/self/fd").ok()?.count() as u64;
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    let limit = line.split_whitespace().next()?.parse().unwrap_or(u64::MAX);
    // Saturates where there is no limit: the share is compared by multiplying.
    Some((open, limit.min(u64::MAX / 1_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_tells_of_this_process() {
        let (open, limit) = open_files().unwrap();
        assert!(open > 2 && limit >= open, "{open} of {limit}");
    }
}
