//! The customers of the demo's cold cells, and the people who look after them or look at them. Their
//! password is that of the administrator, which was made for this demo alone.

use crate::app::App;
use crate::auth::{AccountChange, NewUser, Reach, Role};
use crate::base::{LocationId, Result};
use crate::coldchain::{NewCustomer, NewLocation};
use crate::store::audit::Actor;

/// Who looks after the cells, and whose they are.
pub(super) const TECHNICIAN: &str = "technician@demo.example";
pub(super) const CUSTOMERS: [&str; 2] = ["customer1@demo.example", "customer2@demo.example"];

/// What was made.
pub(super) struct Customers {
    /// The locations, in their order: one of the first customer, two of the second.
    pub(super) locations: Vec<LocationId>,
}

/// Makes two customers with three locations, a technician and a person of each customer.
pub(super) async fn furnish(
    app: &App,
    (site, password): (&str, &str),
    actor: &Actor,
) -> Result<Customers> {
    let coldchain = &app.context.coldchain;
    let customer = |name: &str, site: Option<&str>| NewCustomer {
        name: name.to_owned(),
        site: site.map(str::to_owned),
        time_zone: None,
        contact: None,
        phone: None,
        email: None,
        note: None,
    };
    let kitchen = customer("Works canteen", Some(site));
    let kitchen = coldchain.add_customer(kitchen, actor.clone()).await?;
    let fish = customer("Sahel Fish", None);
    let fish = coldchain.add_customer(fish, actor.clone()).await?;
    let places = [
        (kitchen.id, "Canteen"),
        (fish.id, "Market hall"),
        (fish.id, "Harbour"),
    ];
    let mut locations = Vec::new();
    for (customer_id, name) in places {
        let said = NewLocation {
            customer_id,
            name: name.to_owned(),
            address: None,
        };
        let made = coldchain
            .add_location(&Reach::ALL, said, actor.clone())
            .await?;
        locations.push(made.id);
    }
    let people = [
        (TECHNICIAN, "Demo technician", Role::Technician, site),
        (CUSTOMERS[0], "Canteen", Role::Customer, site),
        (
            CUSTOMERS[1],
            "Sahel Fish",
            Role::Customer,
            fish.site.as_str(),
        ),
    ];
    for (email, name, role, site) in people {
        let sites = [site.to_owned(), fish.site.clone()].into();
        let sites = (role == Role::Technician).then_some(Reach::Only(sites));
        // A demo of an earlier version may have lost its password: the cells are there all the same.
        if let Err(error) = add_person(app, (email, name, role, site), sites, password, actor).await
        {
            tracing::warn!(%error, email, "somebody of the demo was not added");
        }
    }
    Ok(Customers { locations })
}

async fn add_person(
    app: &App,
    (email, name, role, site): (&str, &str, Role, &str),
    sites: Option<Reach>,
    password: &str,
    actor: &Actor,
) -> Result<()> {
    let user = NewUser {
        email: email.to_owned(),
        username: None,
        name: name.to_owned(),
        password: password.to_owned(),
    };
    let auth = &app.context.auth;
    let added = auth.add_user(user, role, site, actor.clone(), |_| Ok(()));
    let user = added.await?;
    if sites.is_some() {
        let change = AccountChange {
            sites,
            ..AccountChange::default()
        };
        let changed = auth.change_account(user.id, change, &Reach::ALL, actor.clone());
        changed.await?;
    }
    Ok(())
}
