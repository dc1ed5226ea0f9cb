"""Shop layer 1: what a new shop has on its shelves.

Plain data: categories, names of pictures, products and their first reviews. No table, no database, no request.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

Category = Literal["light", "hand-tools", "measuring", "holding", "desk", "care"]
Picture = Literal[
    "bench-lamp", "task-lamp", "globe-pendant", "clamp-light",
    "block-plane", "chisels", "dovetail-saw", "mallet",
    "folding-rule", "try-square", "marking-gauge", "spirit-level",
    "screwdriver", "bar-clamp", "bench-vise", "hammer",
    "pencils", "pen-tray", "notebook", "desk-clock",
    "wood-oil", "bench-brush", "apron", "mug", "parcel",
]  # fmt: skip

CATEGORIES: dict[Category, str] = {
    "light": "Light",
    "hand-tools": "Hand tools",
    "measuring": "Measuring",
    "holding": "Fixing & holding",
    "desk": "Desk",
    "care": "Care & comfort",
}
PICTURES: tuple[Picture, ...] = get_args(Picture)


class Item(NamedTuple):
    """A product of the first delivery; the price is in cents."""

    name: str
    category: Category
    picture: Picture
    price_cents: int
    stock: int
    summary: str
    description: str


class Opinion(NamedTuple):
    """A first review, of the product called ``product``, written ``day`` days before the shop opened."""

    product: str
    author: str
    rating: int
    day: int
    text: str


PRODUCTS: tuple[Item, ...] = (
    Item(
        "Heron Task Lamp", "light", "task-lamp", 12900, 14,
        "Two sprung arms that stay where you leave them.",
        "Reaches 80 cm over the bench and folds flat against the wall. The steel shade turns in its own joint, so the "
        "light comes in low across the grain and shows every plane mark.\n\nE27, up to 60 W. Cloth cable, 2 m.",
    ),
    Item(
        "Brass Bench Lamp", "light", "bench-lamp", 8900, 9,
        "A warm pool of light with a weighted foot.",
        "Spun brass on a cast-iron foot that a passing sleeve will not tip over. Left unlacquered: it darkens with the "
        "years and polishes bright in a minute.",
    ),
    Item(
        "Globe Pendant", "light", "globe-pendant", 6450, 21,
        "Opal glass, 25 cm, for over the table.",
        "Mouth-blown opal glass without a seam. It glows evenly from every side and does not dazzle whoever sits "
        "below it. Comes with three metres of linen cable and an oak canopy.",
    ),
    Item(
        "Magpie Clamp Light", "light", "clamp-light", 3490, 40,
        "Bites on to any edge up to 55 mm.",
        "The one that goes where the work is: shelf, stepladder, car bonnet. Rubber jaws, a spring of real strength "
        "and a cage over the lamp.",
    ),
    Item(
        "Low-Angle Block Plane", "hand-tools", "block-plane", 11900, 7,
        "Takes end grain like soft butter.",
        "The iron lies at twelve degrees, bevel up. An adjustable mouth and a lateral set make shavings you can read "
        "through. The sole is ground flat to a fortieth of a millimetre.",
    ),
    Item(
        "Bevel-Edge Chisels, Set of 3", "hand-tools", "chisels", 7600, 12,
        "6, 12 and 18 mm, ready for the last honing.",
        "Hand-forged blades, ground thin at the sides to reach into dovetails. Hornbeam handles with a steel hoop, in "
        "a canvas roll.",
    ),
    Item(
        "Dovetail Saw", "hand-tools", "dovetail-saw", 5850, 15,
        "Fifteen points to the inch, filed to rip.",
        "A folded brass back keeps the plate straight and gives the saw its weight. The beech handle is cut for three "
        "fingers: the fourth points where you are going.",
    ),
    Item(
        "Joiner's Mallet", "hand-tools", "mallet", 3200, 0,
        "Solid beech, faces angled for a square blow.",
        "The head is wedged on to a handle that widens towards the end, so that every stroke tightens it. Sold out "
        "until the next beech has dried.",
    ),
    Item(
        "Folding Rule", "measuring", "folding-rule", 1450, 120,
        "Two metres of boxwood in ten sections.",
        "Printed on both sides, sprung brass joints, no slack after years in a trouser pocket. Millimetres throughout.",
    ),
    Item(
        "Try Square", "measuring", "try-square", 2690, 33,
        "150 mm, blued steel in rosewood.",
        "The blade is let in and riveted, then trued against a master square. The brass face on the stock will see "
        "off a lifetime of sliding along edges.",
    ),
    Item(
        "Marking Gauge", "measuring", "marking-gauge", 3950, 18,
        "A wheel instead of a pin: a line, not a scratch.",
        "The hardened wheel cuts cleanly with and across the grain and withdraws into its head when not in use.",
    ),
    Item(
        "Spirit Level, 40 cm", "measuring", "spirit-level", 2980, 26,
        "Cast frame, two vials, one truth.",
        "Accurate to half a millimetre per metre, even upside down. The plumb vial sits where you can see it from the "
        "side.",
    ),
    Item(
        "Ratchet Screwdriver", "holding", "screwdriver", 2450, 54,
        "Six bits in the handle, a click you can feel.",
        "Forty-five teeth: it turns on in the tightest corner. Left, right and locked, chosen with the thumb.",
    ),
    Item(
        "Bar Clamps, Pair", "holding", "bar-clamp", 4390, 22,
        "60 cm between the jaws, 80 mm deep.",
        "Profiled steel rails that do not bow, spindles with a trapezoid thread, ash handles that do not slip in a "
        "gluey hand.",
    ),
    Item(
        "Bench Vise", "holding", "bench-vise", 18900, 4,
        "Eighteen kilos of calm.",
        "Ductile iron, jaws 120 mm wide with wooden cheeks included. Bolts on from above and turns on its base.",
    ),
    Item(
        "Cross-Peen Hammer", "holding", "hammer", 2150, 60,
        "300 g, for nails small and stubborn.",
        "A drop-forged head on a straight-grained ash handle. The narrow end starts a pin without meeting your "
        "fingers.",
    ),
    Item(
        "Carpenter's Pencils, Box of 6", "desk", "pencils", 690, 240,
        "Flat cedar that does not roll away.",
        "A hard lead for planed wood, a soft one for sawn, three of each. Sharpen with whatever is in your hand.",
    ),
    Item(
        "Walnut Pen Tray", "desk", "pen-tray", 3800, 11,
        "One board, one hollow, oiled.",
        "Milled from a single piece of walnut and finished by hand. Cork underneath; no two have the same figure.",
    ),
    Item(
        "Grid Notebook", "desk", "notebook", 1250, 88,
        "160 pages, five-millimetre squares.",
        "Sewn so that it lies open on the bench, with a cover that takes glue, oil and coffee as they come. Numbered "
        "pages and an index at the front.",
    ),
    Item(
        "Desk Clock", "desk", "desk-clock", 7400, 6,
        "Silent hands, a case of ash.",
        "A sweeping movement without a tick. The dial is enamelled, the glass is glass, and the battery lasts two "
        "years.",
    ),
    Item(
        "Hardwax Oil, 375 ml", "care", "wood-oil", 1990, 47,
        "Two thin coats, twenty square metres.",
        "Linseed oil, carnauba and nothing that smells of a laboratory. Dry overnight, safe for spoons and toys.",
    ),
    Item(
        "Bench Brush", "care", "bench-brush", 1680, 35,
        "Horsehair for the fine dust.",
        "Soft enough for a planed face, dense enough for the corners of the vise. Oiled pearwood handle with a hole "
        "to hang it by.",
    ),
    Item(
        "Waxed-Canvas Apron", "care", "apron", 6900, 16,
        "Crossed straps, four pockets, no fuss.",
        "Twelve-ounce cotton with wax from the hive. The straps cross at the back, so the weight is on your shoulders "
        "and not on your neck.",
    ),
    Item(
        "Enamel Mug", "care", "mug", 1190, 72,
        "Half a litre, survives the concrete floor.",
        "Steel with two coats of enamel. It chips, it does not break, and it keeps the tea warm just long enough to "
        "forget it.",
    ),
)  # fmt: skip

OPINIONS: tuple[Opinion, ...] = (
    Opinion("Heron Task Lamp", "Ines", 5, 12, "Stays exactly where I push it. The low light is worth every cent."),
    Opinion("Heron Task Lamp", "Bram", 4, 41, "Very good joints. I would have liked a longer cable."),
    Opinion("Brass Bench Lamp", "Oluchi", 5, 8, "Heavy, warm, and already going a lovely brown around the rim."),
    Opinion("Low-Angle Block Plane", "Mirko", 5, 20, "Flat out of the box. End grain is a joy now."),
    Opinion("Low-Angle Block Plane", "Sally", 4, 73, "Superb tool. The adjuster is a little stiff at first."),
    Opinion("Dovetail Saw", "Tomás", 5, 31, "Starts on the line and stays there."),
    Opinion("Bench Vise", "Aiko", 5, 55, "It arrived on a pallet. My bench moves before this does."),
    Opinion("Joiner's Mallet", "Ruth", 4, 90, "Honest and well balanced; worth waiting for the next batch."),
    Opinion("Grid Notebook", "Jonas", 5, 3, "Finally one that lies flat beside the work."),
    Opinion("Enamel Mug", "Priya", 3, 17, "Nice, but hot to hold for the first five minutes. It is a mug, after all."),
    Opinion("Bevel-Edge Chisels, Set of 3", "Håkon", 5, 26, "Good steel, and thin enough at the sides for fine work."),
)  # fmt: skip
