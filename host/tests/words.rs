// An application in Rust: counts the words of its input, sorts a file's lines in a granted directory, and tells what
// went wrong where nothing was granted. Compiled natively as well; both must print the same.
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, Write};

fn count_words(input: impl BufRead) -> io::Result<BTreeMap<String, usize>> {
    let mut counts = BTreeMap::new();
    for line in input.lines() {
        for word in line?.split_whitespace() {
            *counts.entry(word.to_lowercase()).or_insert(0) += 1;
        }
    }
    Ok(counts)
}

fn sort_lines(folder: &str) -> io::Result<usize> {
    fs::create_dir(format!("{folder}/out"))?;
    let mut lines: Vec<String> = fs::read_to_string(format!("{folder}/lines.txt"))?.lines().map(String::from).collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.len()));
    let mut file = fs::File::create(format!("{folder}/out/sorted.txt"))?;
    for line in &lines {
        writeln!(file, "{line}")?;
    }
    fs::rename(format!("{folder}/out/sorted.txt"), format!("{folder}/sorted.txt"))?;
    fs::remove_dir(format!("{folder}/out"))?;
    Ok(lines.len())
}

fn main() {
    let folder = std::env::args().nth(1).unwrap_or_default();
    for (word, count) in count_words(io::stdin().lock()).expect("standard input") {
        println!("{word:>8} {count}");
    }
    println!("mode {:?}", std::env::var("MODE"));
    println!("{:?} {:.3} {:e}", sort_lines(&folder).map_err(|e| e.kind()), 2f64.sqrt(), 1234567.0f32);
    println!("{:?}", fs::read_to_string("/nowhere/at/all").map_err(|e| e.kind() == io::ErrorKind::NotFound).is_err());
    std::process::exit(7);
}
