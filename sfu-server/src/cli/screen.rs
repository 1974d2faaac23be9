//! Tables and paragraphs for people, as wide as the terminal; without one, lines are as long as they are.

use std::io::IsTerminal;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use terminal_size::{Width, terminal_size};

use super::failure::printable;

/// Between columns.
const GAP: u16 = 2;
/// In place of what is not known.
pub const UNKNOWN: &str = "-";
/// Narrower than this nothing can be read; then the terminal breaks the lines.
const WIDTH_MIN: u16 = 40;

/// Where it is shown.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// Columns of the terminal, if it is one.
    width: Option<u16>,
}

/// A column's head; numbers stand on the right.
#[derive(Debug, Clone, Copy)]
pub enum Column {
    Text(&'static str),
    Number(&'static str),
}

impl Screen {
    pub fn of_stdout() -> Self {
        let width = terminal_size().map(|(Width(width), _)| width).filter(|width| *width >= WIDTH_MIN);
        Self { width: width.filter(|_| is_terminal()) }
    }

    /// A table without lines.
    pub fn table(self, columns: &[Column], rows: Vec<Vec<String>>) -> String {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        match self.width {
            Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width),
            None => table.set_content_arrangement(ContentArrangement::Disabled),
        };
        table.set_header(columns.iter().map(|column| match column {
            Column::Text(head) | Column::Number(head) => *head,
        }));
        for row in rows {
            table.add_row(row.iter().map(|cell| printable(cell)));
        }
        for (column, kind) in table.column_iter_mut().zip(columns) {
            column.set_padding((0, GAP));
            if matches!(kind, Column::Number(_)) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        format!("{}\n", table.trim_fmt())
    }

    /// Names and what they are, a line each.
    pub fn facts(self, facts: Vec<(&'static str, String)>) -> String {
        let longest = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let line = |(name, value): (&str, String)| format!("  {name:longest$}  {}\n", printable(&value));
        facts.into_iter().map(line).collect()
    }

    /// Words in lines that begin `indent` columns from the left.
    pub fn paragraph(self, indent: usize, text: &str) -> String {
        let width = self.width.map_or(usize::MAX, usize::from).saturating_sub(indent);
        let margin = " ".repeat(indent);
        let mut lines = vec![String::new()];
        for word in printable(text).split(' ') {
            let taken = lines.last().map_or(0, |line| line.chars().count());
            if taken > 0 && taken.saturating_add(1).saturating_add(word.chars().count()) > width {
                lines.push(word.to_owned());
            } else if let Some(line) = lines.last_mut() {
                if taken > 0 {
                    line.push(' ');
                }
                line.push_str(word);
            }
        }
        lines.iter().map(|line| format!("{margin}{line}\n")).collect()
    }
}

/// Whether a person looks at standard output.
pub fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::{Column, Screen};

    #[test]
    fn a_paragraph_is_no_wider_than_the_terminal() {
        let text = "The picture of 720 lines does not fit what this participant may be sent";
        let narrow = Screen { width: Some(40) }.paragraph(4, text);
        assert!(narrow.lines().all(|line| line.chars().count() <= 40 && line.starts_with("    ")), "{narrow}");
        assert_eq!(narrow.split_whitespace().collect::<Vec<_>>(), text.split(' ').collect::<Vec<_>>());
        assert_eq!(Screen { width: None }.paragraph(2, text), format!("  {text}\n"));
    }

    #[test]
    fn columns_are_aligned_and_fit_the_terminal() {
        let columns = [Column::Text("ROOM"), Column::Number("PEOPLE")];
        let rows = || vec![vec!["demo".to_owned(), "12".to_owned()], vec!["a\u{1b}[2J".to_owned(), "3".to_owned()]];
        let table = Screen { width: None }.table(&columns, rows());
        assert_eq!(table, "ROOM   PEOPLE\ndemo       12\na\u{fffd}[2J       3\n");
        let long = vec![vec!["word ".repeat(30), "12".to_owned()]];
        let narrow = Screen { width: Some(40) }.table(&columns, long);
        assert!(narrow.lines().all(|line| line.chars().count() <= 40), "{narrow}");
    }
}
