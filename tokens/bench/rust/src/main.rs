//! Counts with bpe-openai; see child in peers.go.
use std::{collections::HashMap, fs, io};

fn main() {
    let mut texts: HashMap<String, String> = HashMap::new();
    for line in io::stdin().lines() {
        let line = line.unwrap();
        let mut words = line.split(' ').skip(1);
        let (enc, path) = (words.next().unwrap(), words.next().unwrap());
        let text = texts.entry(path.to_string()).or_insert_with(|| fs::read_to_string(path).unwrap());
        let tokenizer = match enc {
            "cl100k_base" => bpe_openai::cl100k_base(),
            _ => bpe_openai::o200k_base(),
        };
        let start = cpu_time::ThreadTime::now();
        let n = tokenizer.count(text.as_str());
        println!("{} {}", n, start.elapsed().as_nanos());
    }
}
