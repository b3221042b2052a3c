//! *pure* — the sentences of the page of the launcher, in three languages.

macro_rules! words {
    ($($name:ident: $what:literal,)*) => {
        /// The words of one language.
        #[derive(Debug)]
        pub struct Words {
            $(#[doc = $what] pub $name: &'static str,)*
        }

        #[cfg(test)]
        impl Words {
            /// All of them, with their names.
            pub(crate) fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }
    };
}

words! {
    updating: "Title while an update is under way.",
    safe: "What a power cut does then.",
    checking: "A step of it.",
    copying: "A step of it.",
    trying: "A step of it.",
    rescue: "Title when nothing runs.",
    kept: "What became of the data, and what to do.",
    code: "The field of the code.",
    where_code: "Where the code is found.",
    again: "A way out.",
    previous: "A way out, before the number of a version.",
    export: "A way out.",
    restore: "A way out.",
    file: "The field of the saved file.",
    ways: "Title of the ways out.",
    said: "Title of the last lines.",
    in_english: "That the last lines are in English.",
    languages: "What the choice of languages is called.",
    back: "The way back to the page.",
    wrong_code: "An answer.",
    only_here: "An answer.",
    no_file: "An answer.",
    busy: "An answer.",
    not_restored: "An answer, with the error.",
    done: "An answer.",
    no_record: "A reason, with the place.",
    disk: "A reason, with the error.",
    unreadable: "A reason, with file and error.",
    changed: "A reason, with file and version.",
    not_started: "A reason, with the error.",
    ended: "A reason, with how it ended.",
    silent: "A reason.",
    not_ready: "A reason.",
    nothing_before: "A reason.",
    restored: "A reason, with what the version says.",
}

/// English, which the log is written in.
pub const ENGLISH: Words = Words {
    updating: "Indusmind is being updated",
    safe: "This is safe if the power fails. The page comes back by itself.",
    checking: "Checking the new version",
    copying: "Copying the data",
    trying: "The new version looks at a copy of the data",
    rescue: "Indusmind could not start",
    kept: "Your data is kept. Choose what to do; it is tried again by itself every five minutes.",
    code: "Rescue code",
    where_code: "It stands in the log (journalctl -u indusmind) and in the file rescue-code.",
    again: "Try again",
    previous: "Go back to version",
    export: "Save the data as a file (only on this machine)",
    restore: "Restore from a saved file",
    file: "Saved file",
    ways: "What can be done",
    said: "What it said last",
    in_english: "These lines are for who mends it.",
    languages: "Language",
    back: "Back",
    wrong_code: "This is not the rescue code. It stands in the log and in the file rescue-code.",
    only_here: "Data leaves only to this machine itself: nobody is to read it on its way. Open this page on it, or through an SSH tunnel.",
    no_file: "Choose a saved file first.",
    busy: "Data is being saved or restored already. Wait until that is done.",
    not_restored: "Nothing was restored: {error}. Choose another file, or make room on the disk.",
    done: "It is being done. This page comes back by itself.",
    no_record: "{path} holds no boot record that can be read. Install again: indusmind install.",
    disk: "The disk does not keep the boot record: {error}. Make room on it, or replace it.",
    unreadable: "{path} cannot be read: {error}.",
    changed: "{path} is not the version {version} that was installed: it was changed or is damaged.",
    not_started: "It cannot be started: {error}.",
    ended: "It ended by itself ({error}).",
    silent: "It gave no sign of life any more and was ended.",
    not_ready: "It was not ready after ten minutes and was ended.",
    nothing_before: "There is no version before that is kept.",
    restored: "The restored data cannot be used: {error}",
};

/// French.
pub const FRENCH: Words = Words {
    updating: "Mise à jour d’Indusmind en cours",
    safe: "Une coupure de courant est sans danger. La page revient d’elle-même.",
    checking: "Vérification de la nouvelle version",
    copying: "Copie des données",
    trying: "La nouvelle version examine une copie des données",
    rescue: "Indusmind n’a pas pu démarrer",
    kept: "Vos données sont conservées. Choisissez que faire\u{202f}; un nouvel essai a lieu toutes les cinq minutes.",
    code: "Code de secours",
    where_code: "Il figure dans le journal (journalctl -u indusmind) et dans le fichier rescue-code.",
    again: "Réessayer",
    previous: "Revenir à la version",
    export: "Enregistrer les données dans un fichier (sur cette machine seulement)",
    restore: "Restaurer depuis un fichier enregistré",
    file: "Fichier enregistré",
    ways: "Ce que vous pouvez faire",
    said: "Derniers messages",
    in_english: "Ces lignes, en anglais, servent à celui qui dépanne.",
    languages: "Langue",
    back: "Retour",
    wrong_code: "Ce n’est pas le code de secours. Il figure dans le journal et dans le fichier rescue-code.",
    only_here: "Les données ne sortent que vers cette machine elle-même, pour que personne ne les lise en chemin. Ouvrez cette page sur la machine, ou par un tunnel SSH.",
    no_file: "Choisissez d’abord un fichier enregistré.",
    busy: "Un enregistrement ou une restauration est déjà en cours. Attendez la fin.",
    not_restored: "Rien n’a été restauré\u{a0}: {error}. Choisissez un autre fichier, ou libérez de la place sur le disque.",
    done: "C’est en cours. Cette page revient d’elle-même.",
    no_record: "{path} ne contient aucun enregistrement de démarrage lisible. Réinstallez\u{a0}: indusmind install.",
    disk: "Le disque ne conserve pas l’enregistrement de démarrage\u{a0}: {error}. Libérez de la place, ou remplacez le disque.",
    unreadable: "{path} est illisible\u{a0}: {error}.",
    changed: "{path} n’est pas la version {version} qui a été installée\u{a0}: le fichier a été modifié ou est abîmé.",
    not_started: "Le programme ne peut pas être lancé\u{a0}: {error}.",
    ended: "Le programme s’est arrêté de lui-même ({error}).",
    silent: "Le programme ne donnait plus signe de vie et a été arrêté.",
    not_ready: "Le programme n’était pas prêt après dix minutes et a été arrêté.",
    nothing_before: "Aucune version précédente n’est conservée.",
    restored: "Les données restaurées sont inutilisables\u{a0}: {error}",
};

/// Arabic.
pub const ARABIC: Words = Words {
    updating: "يجري تحديث Indusmind",
    safe: "انقطاع الكهرباء لا يضر. تعود الصفحة من تلقاء نفسها.",
    checking: "يجري فحص الإصدار الجديد",
    copying: "يجري نسخ البيانات",
    trying: "يفحص الإصدار الجديد نسخة من البيانات",
    rescue: "تعذّر تشغيل Indusmind",
    kept: "بياناتك محفوظة. اختر ما يجب فعله؛ تُعاد المحاولة تلقائيًا كل خمس دقائق.",
    code: "رمز الإنقاذ",
    where_code: "تجده في السجل (\u{2066}journalctl -u indusmind\u{2069}) وفي الملف \u{2066}rescue-code\u{2069}.",
    again: "إعادة المحاولة",
    previous: "العودة إلى الإصدار",
    export: "حفظ البيانات في ملف (على هذا الجهاز فقط)",
    restore: "الاستعادة من ملف محفوظ",
    file: "الملف المحفوظ",
    ways: "ما يمكن فعله",
    said: "آخر الرسائل",
    in_english: "هذه الأسطر بالإنجليزية لمن يصلح العطل.",
    languages: "اللغة",
    back: "رجوع",
    wrong_code: "هذا ليس رمز الإنقاذ. تجده في السجل وفي الملف \u{2066}rescue-code\u{2069}.",
    only_here: "لا تخرج البيانات إلا إلى هذا الجهاز نفسه، حتى لا يقرأها أحد في الطريق. افتح هذه الصفحة عليه أو عبر نفق SSH.",
    no_file: "اختر أولًا ملفًا محفوظًا.",
    busy: "يجري حفظ البيانات أو استعادتها الآن. انتظر حتى ينتهي ذلك.",
    not_restored: "لم يُستعَد شيء: {error}. اختر ملفًا آخر، أو أفرغ مكانًا على القرص.",
    done: "يجري التنفيذ. تعود هذه الصفحة من تلقاء نفسها.",
    no_record: "لا يوجد في {path} سجل إقلاع يمكن قراءته. أعد التثبيت: \u{2066}indusmind install\u{2069}.",
    disk: "لا يحفظ القرص سجل الإقلاع: {error}. أفرغ مكانًا عليه أو استبدله.",
    unreadable: "تعذّرت قراءة {path}: {error}.",
    changed: "الملف {path} ليس الإصدار {version} الذي ثُبّت: لقد عُدّل أو تلف.",
    not_started: "تعذّر بدء البرنامج: {error}.",
    ended: "توقّف البرنامج من تلقاء نفسه ({error}).",
    silent: "لم يعد البرنامج يعطي أي إشارة فأُوقف.",
    not_ready: "لم يكن البرنامج جاهزًا بعد عشر دقائق فأُوقف.",
    nothing_before: "لا يوجد إصدار سابق محفوظ.",
    restored: "لا يمكن استعمال البيانات المستعادة: {error}",
};
