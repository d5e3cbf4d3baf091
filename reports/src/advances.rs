//! How wide our letters are, so that labels can be placed without asking any font.
//!
//! Advances of Inter in thousandths of an em, read once from the two files in `assets/`; digits have their tabular
//! form there and here. Shaping and kerning are left out: a label is at most a hair narrower than told.

/// How heavy letters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// Running text, 400.
    Regular,
    /// Headings and values, 600.
    Semibold,
}

/// What readers without Inter may see is wider by about this factor.
const SLACK: f64 = 1.04;

/// Whole sentences leave room for letters that are wider still: a label has a neighbour, a line has the edge.
const SENTENCE_SLACK: f64 = 1.12;

/// Bold letters of a reader without our font need this much more room, or they run into what is beside them.
pub(crate) const WIDER: f64 = 1.14;

/// How wide a text is, in the unit of `size`.
pub(crate) fn width(text: &str, size: f64, weight: Weight) -> f64 {
    let total: f64 = text.chars().map(|letter| f64::from(advance(letter, weight))).sum();
    total / 1000.0 * size * SLACK
}

/// The text, cut with an ellipsis where it is wider than `room`.
pub(crate) fn fitted(text: &str, size: f64, weight: Weight, room: f64) -> String {
    if width(text, size, weight) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    for letter in text.chars() {
        kept.push(letter);
        if width(&kept, size, weight) + width("…", size, weight) > room {
            kept.pop();
            break;
        }
    }
    format!("{}…", kept.trim_end())
}

/// The text broken at spaces into at most `lines` lines; the last one is cut where it is too wide.
pub(crate) fn wrapped(text: &str, size: f64, weight: Weight, room: f64, lines: usize) -> Vec<String> {
    let mut out = vec![String::new()];
    let edge = room / SENTENCE_SLACK;
    // A number and its sign stay together; only plain spaces break.
    let glued = text.replace(" %", "\u{a0}%").replace("n = ", "n\u{a0}=\u{a0}");
    for word in glued.split(' ').filter(|word| !word.is_empty()) {
        let count = out.len();
        let Some(line) = out.last_mut() else { break };
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if line.is_empty() || count == lines || width(&longer, size, weight) <= edge {
            *line = longer;
        } else {
            out.push(word.to_owned());
        }
    }
    out.into_iter().map(|line| fitted(&line, size, weight, room)).collect()
}

/// Whether our files hold the letter.
pub(crate) fn is_known(letter: char) -> bool {
    let code = u32::from(letter);
    let is_latin = (0x20..0x180).contains(&code) && !matches!(code, 0x7f..=0x9f | 0x149);
    is_latin || beyond_latin(code, &BEYOND_REGULAR).is_some() || FURTHER.binary_search_by_key(&code, |row| row.0).is_ok()
}

fn advance(letter: char, weight: Weight) -> u16 {
    let code = u32::from(letter);
    let (latin, beyond, further) = match weight {
        Weight::Regular => (&REGULAR, &BEYOND_REGULAR, 1),
        Weight::Semibold => (&SEMIBOLD, &BEYOND_SEMIBOLD, 2),
    };
    if let Some(found) = code.checked_sub(0x20).and_then(|index| latin.get(index as usize)) {
        return *found;
    }
    if let Some(found) = beyond_latin(code, beyond) {
        return found;
    }
    match FURTHER.binary_search_by_key(&code, |row| row.0) {
        Ok(index) if further == 1 => FURTHER[index].1,
        Ok(index) => FURTHER[index].2,
        // Scripts that the files do not hold: wide ones are square, the others like a wide letter.
        Err(_) if code >= 0x2e80 => 1000,
        Err(_) => 620,
    }
}

/// The advance of a Greek or Cyrillic letter that the files hold.
fn beyond_latin(code: u32, advances: &[u16; 240]) -> Option<u16> {
    let index = code.checked_sub(0x370)?;
    advances.get(index as usize).copied().filter(|advance| *advance > 0)
}

/// Advances of Inter Regular for U+0020 to U+017F.
const REGULAR: [u16; 352] = [
    281, 278, 403, 631, 638, 812, 639, 222, 362, 362, 500, 659, 280, 460, 276, 357, 648, 648, 648, 648, 648, 648, 648, 648,
    648, 648, 276, 280, 659, 659, 659, 507, 936, 676, 651, 727, 719, 598, 587, 743, 740, 264, 543, 652, 562, 889, 753, 761,
    635, 761, 639, 638, 642, 741, 676, 949, 642, 665, 625, 362, 357, 362, 469, 452, 497, 564, 621, 558, 621, 582, 361, 609,
    591, 237, 237, 544, 237, 869, 585, 597, 609, 609, 372, 523, 364, 581, 557, 812, 540, 557, 541, 362, 327, 362, 659, 600,
    600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600,
    600, 600, 600, 600, 600, 600, 600, 600, 281, 278, 558, 631, 723, 548, 266, 551, 591, 915, 449, 540, 540, 460, 670, 449,
    455, 659, 420, 430, 497, 622, 599, 276, 267, 313, 449, 540, 884, 926, 949, 507, 676, 676, 676, 676, 676, 676, 990, 727,
    598, 598, 598, 598, 264, 264, 264, 264, 719, 753, 761, 761, 761, 761, 761, 659, 761, 741, 741, 741, 741, 665, 631, 609,
    564, 564, 564, 564, 564, 564, 925, 558, 582, 582, 582, 582, 237, 237, 237, 237, 580, 585, 597, 597, 597, 597, 597, 659,
    597, 581, 581, 581, 581, 557, 609, 557, 676, 564, 676, 564, 676, 564, 727, 558, 727, 558, 727, 558, 727, 558, 719, 677,
    719, 621, 598, 582, 598, 582, 598, 582, 598, 582, 598, 582, 743, 609, 743, 609, 743, 609, 743, 609, 740, 591, 777, 591,
    443, 278, 264, 237, 264, 237, 264, 237, 264, 237, 807, 474, 543, 237, 652, 544, 631, 562, 237, 562, 237, 562, 305, 562,
    315, 562, 237, 753, 585, 753, 585, 753, 585, 600, 753, 585, 761, 597, 761, 597, 761, 597, 953, 990, 639, 372, 639, 372,
    639, 372, 638, 523, 638, 523, 638, 523, 638, 523, 642, 364, 642, 364, 642, 364, 741, 581, 741, 581, 741, 581, 741, 581,
    741, 581, 741, 581, 949, 812, 665, 557, 665, 625, 541, 625, 541, 625, 541, 267,
];

/// Advances of Inter Semi Bold for U+0020 to U+017F.
const SEMIBOLD: [u16; 352] = [
    248, 309, 396, 643, 649, 844, 663, 213, 393, 393, 543, 673, 295, 466, 290, 379, 670, 670, 670, 670, 669, 670, 670, 670,
    670, 670, 290, 295, 673, 673, 673, 544, 999, 724, 657, 744, 724, 608, 586, 755, 744, 275, 561, 677, 566, 906, 741, 775,
    643, 776, 651, 649, 660, 734, 724, 1007, 690, 705, 653, 393, 379, 393, 481, 468, 497, 575, 630, 577, 630, 593, 377, 625,
    613, 261, 261, 569, 261, 898, 610, 608, 625, 625, 397, 549, 380, 608, 576, 837, 562, 576, 562, 393, 358, 393, 673, 600,
    600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 600,
    600, 600, 600, 600, 600, 600, 600, 600, 248, 309, 577, 658, 751, 564, 319, 579, 553, 915, 474, 597, 566, 466, 666, 526,
    458, 673, 423, 438, 497, 652, 606, 290, 339, 318, 473, 599, 881, 919, 960, 544, 724, 724, 724, 724, 724, 724, 1017, 744,
    608, 608, 608, 608, 275, 275, 275, 275, 724, 741, 775, 775, 775, 775, 775, 673, 775, 734, 734, 734, 734, 705, 657, 646,
    575, 575, 575, 575, 575, 575, 917, 577, 593, 593, 593, 593, 261, 261, 261, 261, 593, 610, 608, 608, 608, 608, 608, 673,
    608, 608, 608, 608, 608, 576, 612, 576, 724, 575, 724, 575, 724, 575, 744, 577, 744, 577, 744, 577, 744, 577, 724, 716,
    724, 630, 608, 593, 608, 593, 608, 593, 608, 593, 608, 593, 755, 625, 755, 625, 755, 625, 755, 625, 744, 613, 799, 613,
    448, 285, 275, 261, 275, 261, 275, 266, 275, 261, 836, 521, 561, 261, 677, 569, 657, 566, 261, 566, 261, 566, 352, 574,
    380, 578, 261, 741, 610, 741, 610, 741, 610, 600, 741, 616, 775, 608, 775, 608, 775, 608, 996, 981, 651, 397, 651, 397,
    651, 397, 649, 549, 649, 549, 649, 549, 649, 549, 660, 380, 660, 404, 660, 380, 734, 608, 734, 608, 734, 608, 734, 608,
    734, 608, 734, 608, 1007, 837, 705, 576, 705, 653, 562, 653, 562, 653, 562, 282,
];

/// Advances of Inter Regular for Greek and Cyrillic, U+0370 to U+045F; 0 where the files hold nothing.
const BEYOND_REGULAR: [u16; 240] = [
    631, 540, 653, 540, 267, 267, 753, 631, 0, 0, 267, 540, 540, 540, 276, 543, 0, 0, 0, 0, 267, 540, 676, 276, 690, 862, 304,
    0, 781, 0, 817, 764, 266, 676, 651, 575, 676, 598, 625, 740, 761, 264, 652, 676, 889, 753, 540, 761, 722, 635, 0, 631, 642,
    665, 750, 642, 778, 761, 264, 665, 641, 544, 585, 266, 585, 641, 592, 534, 540, 544, 523, 585, 540, 266, 631, 585, 622,
    580, 540, 597, 631, 571, 538, 631, 472, 585, 732, 599, 747, 811, 266, 585, 597, 585, 811, 631, 631, 631, 662, 751, 662,
    699, 811, 722, 761, 631, 722, 540, 631, 540, 631, 540, 722, 722, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 722, 631, 558,
    237, 761, 449, 449, 631, 609, 727, 889, 722, 571, 631, 727, 727, 598, 598, 808, 575, 665, 638, 264, 264, 543, 1082, 1129,
    901, 652, 753, 624, 719, 676, 659, 651, 575, 751, 598, 949, 636, 753, 753, 646, 713, 889, 740, 761, 722, 635, 727, 642,
    624, 791, 642, 751, 714, 952, 980, 812, 849, 653, 670, 1011, 670, 564, 589, 561, 459, 624, 582, 827, 494, 597, 597, 537,
    589, 750, 582, 597, 582, 609, 558, 534, 557, 680, 540, 635, 574, 817, 866, 655, 750, 554, 541, 812, 561, 582, 582, 591,
    459, 540, 523, 237, 237, 237, 923, 899, 591, 537, 597, 557, 582,
];

/// Advances of Inter Semi Bold for Greek and Cyrillic, U+0370 to U+045F; 0 where the files hold nothing.
const BEYOND_SEMIBOLD: [u16; 240] = [
    660, 562, 665, 613, 286, 286, 768, 657, 0, 0, 287, 563, 563, 563, 289, 561, 0, 0, 0, 0, 339, 565, 724, 290, 754, 907, 359,
    0, 797, 0, 917, 802, 303, 724, 657, 579, 724, 608, 653, 744, 775, 275, 677, 724, 906, 741, 616, 775, 751, 643, 0, 658, 660,
    705, 816, 690, 811, 773, 275, 705, 648, 562, 610, 303, 587, 648, 604, 543, 616, 562, 543, 610, 617, 303, 657, 600, 652,
    616, 563, 608, 707, 585, 563, 657, 531, 587, 806, 610, 785, 894, 303, 587, 608, 587, 894, 709, 658, 657, 692, 822, 692,
    760, 894, 749, 760, 619, 751, 564, 660, 564, 706, 615, 803, 747, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 750, 658, 577,
    261, 775, 471, 471, 657, 612, 744, 906, 749, 585, 708, 744, 744, 608, 608, 837, 579, 686, 649, 275, 275, 561, 1112, 1124,
    908, 677, 741, 656, 724, 724, 654, 657, 579, 776, 608, 1040, 652, 741, 741, 687, 724, 906, 744, 775, 751, 643, 744, 660,
    656, 839, 690, 780, 748, 1016, 1037, 819, 879, 669, 690, 1042, 680, 575, 606, 571, 463, 655, 593, 861, 516, 606, 606, 569,
    600, 762, 589, 608, 593, 625, 577, 550, 576, 756, 562, 650, 585, 844, 920, 688, 795, 577, 549, 825, 572, 593, 593, 614,
    463, 566, 549, 261, 261, 261, 942, 912, 613, 569, 606, 576, 593,
];

/// Further characters of the files: code point, advance in Regular, advance in Semi Bold.
const FURTHER: [(u32, u16, u16); 49] = [
    (0x018f, 722, 750),
    (0x0192, 386, 441),
    (0x0218, 638, 649),
    (0x0219, 523, 549),
    (0x021a, 642, 660),
    (0x021b, 364, 380),
    (0x0490, 575, 581),
    (0x0491, 460, 475),
    (0x1e9e, 682, 705),
    (0x2009, 182, 164),
    (0x2010, 358, 429),
    (0x2011, 358, 429),
    (0x2012, 648, 670),
    (0x2013, 500, 500),
    (0x2014, 1000, 1000),
    (0x2018, 199, 228),
    (0x2019, 185, 214),
    (0x201a, 199, 228),
    (0x201c, 381, 408),
    (0x201d, 381, 407),
    (0x201e, 381, 407),
    (0x2020, 631, 605),
    (0x2022, 562, 496),
    (0x2026, 821, 806),
    (0x202f, 182, 164),
    (0x2030, 1045, 1077),
    (0x2032, 220, 259),
    (0x2033, 405, 461),
    (0x2039, 358, 381),
    (0x203a, 358, 381),
    (0x2044, 274, 273),
    (0x20ac, 665, 679),
    (0x2190, 955, 955),
    (0x2191, 955, 955),
    (0x2192, 955, 955),
    (0x2193, 955, 955),
    (0x2197, 955, 955),
    (0x2198, 955, 955),
    (0x2212, 659, 673),
    (0x221e, 930, 966),
    (0x2248, 659, 673),
    (0x2260, 659, 673),
    (0x2264, 659, 673),
    (0x2265, 659, 673),
    (0x25b2, 1009, 1035),
    (0x25bc, 1009, 1035),
    (0x25cf, 915, 915),
    (0x2713, 881, 881),
    (0x2717, 881, 881),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_tabular_and_bold_is_wider() {
        for digit in "023456789".chars() {
            assert_eq!(advance('1', Weight::Regular), advance(digit, Weight::Regular));
        }
        assert!(width("lead time", 12.0, Weight::Semibold) > width("lead time", 12.0, Weight::Regular));
        assert!(FURTHER.is_sorted_by_key(|row| row.0));
    }

    #[test]
    fn a_letter_that_no_file_holds_is_measured_as_wide_as_the_sign_in_its_place() {
        for letter in ['a', 'ß', 'ž', 'Ω', 'ή', 'Ж', 'ї', 'ґ', '…', '→', '\u{a0}'] {
            assert!(is_known(letter), "{letter}");
        }
        for letter in ['支', 'ש', '\u{378}', '\u{460}', '□'] {
            assert!(!is_known(letter), "{letter}");
            for weight in [Weight::Regular, Weight::Semibold] {
                assert!(advance('?', weight) <= advance(letter, weight), "{letter}");
            }
        }
    }

    #[test]
    fn a_long_label_is_cut_and_a_long_title_is_broken() {
        let label = fitted("a-service-with-a-name-of-forty-characters", 12.0, Weight::Regular, 120.0);
        assert!(label.ends_with('…') && width(&label, 12.0, Weight::Regular) <= 120.0, "{label}");
        assert_eq!(wrapped("one two three", 12.0, Weight::Regular, 60.0, 2), ["one two", "three"]);
        assert_eq!(wrapped("", 12.0, Weight::Regular, 60.0, 2), [""]);
    }
}
