//! *pure* — a report as one HTML file that needs nothing else, and prints well.

use super::document::{Block, Cell, Chart, Document, Figure, Holds, Section, Table};
use super::format::{Dates, head, quantity};
use super::paper::Paper;
use super::scene::{Anchor, Ink, Scene, Shape, draw};
use crate::site::Logo;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::fmt::Write as _;

/// Width of charts, points.
const CHART_WIDTH: f32 = 680.0;

/// Colours of series: apart for those who see fewer colours, too.
pub const SERIES: [(u8, u8, u8); 8] = [
    (0x25, 0x63, 0xa8),
    (0xd9, 0x82, 0x2b),
    (0x3a, 0x8f, 0x5c),
    (0x84, 0x57, 0xa8),
    (0x1f, 0x9e, 0xa8),
    (0xb8, 0x44, 0x3e),
    (0x5f, 0x6b, 0x7a),
    (0xb5, 0x9a, 0x1e),
];

const STYLE: &str = include_str!("report.css");

/// The colour of an ink on white.
#[must_use]
pub fn colour(ink: Ink) -> (u8, u8, u8) {
    match ink {
        Ink::Series(number) => SERIES[number % SERIES.len()],
        Ink::Shade(share) => {
            let (from, to) = ((0xee, 0xf3, 0xf9), (0x12, 0x3f, 0x73));
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // between two bytes
            let mix = |a: u8, b: u8| {
                (f32::from(a) + (f32::from(b) - f32::from(a)) * share.clamp(0.0, 1.0)).round() as u8
            };
            (mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
        }
        Ink::Grid => (0xdd, 0xe2, 0xe8),
        Ink::Axis => (0x6b, 0x75, 0x82),
        Ink::Text => (0x3c, 0x45, 0x50),
        Ink::Limit => (0xb8, 0x2e, 0x2e),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Writes a report.
#[must_use]
pub fn write(document: &Document, paper: &Paper<'_>) -> Vec<u8> {
    let (w, dates) = (paper.words, paper.dates());
    let direction = if w.is_rtl() { "rtl" } else { "ltr" };
    let mut out = format!(
        "<!doctype html>\n<html lang=\"{}\" dir=\"{direction}\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{}</title>\
         <style>{STYLE}</style></head>\n<body><header>{}<p class=\"site\">{}</p><h1>{}</h1>\
         <p class=\"period\">{}</p></header>\n",
        w.tag(),
        escaped(&document.title),
        paper
            .logo
            .map(|logo| picture(logo, &document.site))
            .unwrap_or_default(),
        escaped(&document.site),
        escaped(&document.title),
        escaped(&paper.period(document)),
    );
    for section in &document.sections {
        write_section(&mut out, document, section, &dates);
        let _ = writeln!(
            out,
            "<p class=\"source\">{}</p></section>",
            escaped(&paper.source(document, section))
        );
    }
    let _ = writeln!(
        out,
        "<footer>{}</footer></body></html>",
        escaped(&paper.imprint())
    );
    out.into_bytes()
}

/// The logo inside the file: it needs nothing else.
fn picture(logo: &Logo, site: &str) -> String {
    let data = BASE64_STANDARD.encode(&logo.png);
    let site = escaped(site);
    format!("<img class=\"logo\" alt=\"{site}\" src=\"data:image/png;base64,{data}\">")
}

fn write_section(out: &mut String, document: &Document, section: &Section, dates: &Dates<'_>) {
    let _ = writeln!(out, "<section><h2>{}</h2>", escaped(&section.title));
    for block in &section.blocks {
        match block {
            Block::Text { text } => {
                let _ = writeln!(out, "<p>{}</p>", escaped(text));
            }
            Block::Note { text } => {
                let _ = writeln!(out, "<p class=\"note\">{}</p>", escaped(text));
            }
            Block::Figures { figures } => write_figures(out, document, figures),
            Block::Table(table) => write_table(out, table, dates),
            Block::Chart(chart) => write_chart(out, document, chart),
        }
    }
}

fn write_figures(out: &mut String, document: &Document, figures: &[Figure]) {
    out.push_str("<dl class=\"figures\">");
    for figure in figures {
        let shown = quantity(
            figure.value,
            &figure.unit,
            figure.decimals,
            document.language,
        );
        let remark = figure.remark.as_deref().unwrap_or_default();
        let _ = write!(
            out,
            "<div><dt>{}</dt><dd><bdi>{}</bdi></dd><dd class=\"remark\">{}</dd></div>",
            escaped(&figure.name),
            escaped(&shown),
            escaped(remark)
        );
    }
    out.push_str("</dl>\n");
}

fn write_table(out: &mut String, table: &Table, dates: &Dates<'_>) {
    let _ = write!(
        out,
        "<table><caption>{}</caption><thead><tr>",
        escaped(&table.title)
    );
    let class = |holds: &Holds| match holds {
        Holds::Number { .. } => " class=\"n\"",
        _ => "",
    };
    for column in &table.columns {
        let (class, head) = (class(&column.holds), head(column));
        let _ = write!(out, "<th scope=\"col\"{class}>{}</th>", escaped(&head));
    }
    out.push_str("</tr></thead><tbody>\n");
    for row in &table.rows {
        out.push_str(if row.strong {
            "<tr class=\"s\">"
        } else {
            "<tr>"
        });
        for (at, (cell, column)) in row.cells.iter().zip(&table.columns).enumerate() {
            let shown = escaped(&dates.cell(cell, column));
            let class = match (at, row.depth) {
                (0, 1..) => format!(" class=\"d{}\"", row.depth.min(4)),
                _ => class(&column.holds).to_owned(),
            };
            // A number in a right-to-left row keeps its sign and its order.
            let shown = match cell {
                Cell::Number(_) => format!("<bdi dir=\"ltr\">{shown}</bdi>"),
                _ => shown,
            };
            let _ = write!(out, "<td{class}>{shown}</td>");
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table>\n");
}

fn write_chart(out: &mut String, document: &Document, chart: &Chart) {
    let scene = draw(chart, CHART_WIDTH, document.language);
    let title = escaped(&chart.title);
    let _ = writeln!(
        out,
        "<figure><figcaption>{title}</figcaption>{}</figure>",
        svg(&scene, &title)
    );
}

fn svg(scene: &Scene, title: &str) -> String {
    let (width, height) = (scene.width, scene.height);
    let mut out = format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\" direction=\"ltr\">"
    );
    let hex = |ink: Ink| {
        let (red, green, blue) = colour(ink);
        format!("#{red:02x}{green:02x}{blue:02x}")
    };
    for shape in &scene.shapes {
        let _ = match shape {
            Shape::Rect { x, y, w, h, ink } => write!(
                out,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" fill=\"{}\"/>",
                hex(*ink)
            ),
            Shape::Line { points, width, ink } => {
                let points: Vec<String> = points
                    .chunks(2)
                    .map(|point| format!("{},{}", point[0], point.get(1).unwrap_or(&0.0)))
                    .collect();
                write!(
                    out,
                    "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\"/>",
                    points.join(" "),
                    hex(*ink)
                )
            }
            Shape::Text {
                x,
                y,
                anchor,
                size,
                text,
            } => {
                let anchor = match anchor {
                    Anchor::Left => "start",
                    Anchor::Middle => "middle",
                    Anchor::Right => "end",
                };
                write!(
                    out,
                    "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" text-anchor=\"{anchor}\">{}</text>",
                    escaped(text)
                )
            }
        };
    }
    out.push_str("</svg>");
    out
}
