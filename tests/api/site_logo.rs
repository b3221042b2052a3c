//! The logo of a site: taken, packed anew, on every report, and taken away again.

use crate::audit_trail::entries_of;
use crate::export::unzipped;
use crate::reports::{file, id_of, made_of};
use crate::support::Appliance;
use crate::support::client::Client;
use crate::support::forms::{form, send_file, send_form};
use reqwest::Method;
use serde_json::{Value, json};

/// A red PNG of this size.
pub fn picture(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().unwrap();
    let pixels = [200, 16, 32].repeat(width as usize * height as usize);
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    bytes
}

/// Gives a site a logo.
pub async fn give(client: &Client, site: &str) -> Value {
    let path = format!("/api/sites/{site}/logo");
    send_file(client, &path, "l.png", &picture(40, 20))
        .await
        .data()
}

/// The pictures of a PDF: width and height of each.
fn pictures(pdf: &[u8]) -> Vec<(i64, i64)> {
    let file = lopdf::Document::load_mem(pdf).unwrap();
    let number = |of: &lopdf::Dictionary, key: &[u8]| of.get(key).and_then(lopdf::Object::as_i64);
    let sizes = file.objects.values().filter_map(|object| {
        let of = &object.as_stream().ok()?.dict;
        let kind = of.get(b"Subtype").and_then(lopdf::Object::as_name).ok()?;
        (kind == b"Image").then(|| {
            (
                number(of, b"Width").unwrap(),
                number(of, b"Height").unwrap(),
            )
        })
    });
    sizes.collect()
}

/// Whether the logo stands in each form of a report.
async fn stands(chief: &Client, shown: &Value) -> [bool; 3] {
    let id = id_of(&shown["report"]);
    let html = String::from_utf8(file(chief, &id, "html").await).unwrap();
    let book = file(chief, &id, "xlsx").await;
    let drawn = String::from_utf8_lossy(&book).contains("xl/media/image1.png");
    if drawn {
        let drawing = unzipped(&book, "xl/drawings/drawing1.xml");
        assert!(drawing.contains("<xdr:pic>"), "{drawing}");
    }
    let in_pdf = pictures(&file(chief, &id, "pdf").await);
    [
        in_pdf.contains(&(480, 240)),
        html.contains("src=\"data:image/png;base64,"),
        drawn,
    ]
}

#[tokio::test]
async fn a_logo_stands_on_every_form_of_a_report_until_it_is_taken_away() {
    let (appliance, chief) = Appliance::furnished().await;
    let sites = chief.get("/api/sites").await.data();
    let site = sites["items"][0]["id"].as_str().unwrap();
    assert_eq!(sites["items"][0]["logo"], Value::Null);
    let path = format!("/api/sites/{site}/logo");
    chief.get(&path).await.refused(404);
    chief.delete(&path).await.refused(404);

    let shown = made_of(&chief, json!({ "template": "data_quality" })).await;
    assert_eq!(stands(&chief, &shown).await, [false; 3]);
    // Larger than what is kept: 480 by 240 pixels are left.
    let mut sent = picture(1_280, 640);
    sent.extend_from_slice(b"<script>");
    let reply = send_form(&chief, &path, form(&[("logo", "x.txt", &sent)])).await;
    let trace = entries_of(&chief, &reply).await;
    assert_eq!(trace[0]["action"], "site.logo");
    let hash = reply.data()["logo"].as_str().unwrap().to_owned();
    let answer = chief.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "image/png");
    assert_eq!(answer.headers()["etag"], format!("\"{hash}\""));
    let kept = answer.bytes().await.unwrap();
    assert!(!kept.windows(8).any(|part| part == b"<script>"));
    assert_eq!(stands(&chief, &shown).await, [true; 3]);

    // It is the same after a start, and a change of the site leaves it.
    let named = json!({ "name": "Plant 2" });
    let site_path = format!("/api/sites/{site}");
    assert_eq!(
        chief.put(&site_path, &named).await.data()["logo"],
        json!(hash)
    );
    for wrong in [b"GIF89a".as_slice(), b"<svg/>"] {
        send_file(&chief, &path, "l.png", wrong).await.refused(415);
    }
    let damaged = &picture(40, 20)[..60];
    let refused = send_file(&chief, &path, "l.png", damaged).await;
    assert_eq!(refused.bad_fields(), ["logo"]);
    let large = vec![0; (2 << 20) + 1];
    send_file(&chief, &path, "l.png", &large).await.refused(413);
    let nobody = "/api/sites/01989c8e-0000-7000-8000-000000000000/logo";
    send_file(&chief, nobody, "l.png", &picture(4, 4))
        .await
        .refused(404);

    let reply = chief.delete(&path).await;
    assert_eq!(entries_of(&chief, &reply).await[0]["action"], "site.logo");
    assert_eq!(reply.data()["logo"], Value::Null);
    assert_eq!(stands(&chief, &shown).await, [false; 3]);
    drop(appliance);
}
