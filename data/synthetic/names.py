"""Invented names: streets, people, businesses. None is meant to be anybody's."""

# ruff: noqa: SIM905  lists of words read better as text

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Words for streets, by the theme a neighbourhood's developer might have had.
THEMES: dict[str, list[str]] = {
    "trees": (
        "Alder Ash Aspen Basswood Beech Birch Cedar Cypress Dogwood Elm Hawthorn Hazel Hemlock Hickory Holly Juniper "
        "Laurel Linden Locust Magnolia Maplewood Mimosa Mulberry Oakmont Pecan Persimmon Poplar Redbud Sassafras "
        "Sourwood Spruce Sumac Sweetgum Sycamore Tupelo Willow"
    ).split(),
    "birds": (
        "Bluebird Bobwhite Bunting Cardinal Chickadee Crane Dove Egret Falcon Finch Goldfinch Grosbeak Heron Kestrel "
        "Killdeer Kingfisher Mallard Martin Meadowlark Mockingbird Nuthatch Oriole Osprey Partridge Pheasant Plover "
        "Quail Robin Sandpiper Sparrow Starling Swallow Tanager Thrasher Thrush Warbler Whippoorwill Wren"
    ).split(),
    "surnames": (
        "Abernathy Akins Alford Barrow Baskin Bledsoe Boykin Brannon Burdett Caldwell Cantrell Chandler Coker Crenshaw "
        "Daniell Dorsey Echols Ferrell Garrison Gentry Gilmore Hadley Hargrove Huckaby Ivey Jernigan Kendrick Lassiter "
        "Ledbetter Maddox Mosley Norwood Odom Pate Pittman Rainey Reeves Satterfield Shumate Stallings Tarver Thaxton "
        "Upshaw Vickery Waldrop Whitaker Winslett Yarbrough"
    ).split(),
    "english": (
        "Abbey Ashford Avon Bedford Berkshire Bristol Camden Canterbury Carlisle Chelsea Coventry Devon Dover Exeter "
        "Hampton Kensington Lancaster Lincoln Oxford Regent Salisbury Sheffield Somerset Stratford Surrey Sussex "
        "Wellington Westover Winchester Windsor York"
    ).split(),
    "country": (
        "Barnwood,Brookside,Creekside,Deer Run,Fieldstone,Fox Hollow,Gin House,Hay Meadow,Hidden Valley,Hunters Ridge,"
        "Laurel Ridge,Meadow Brook,Mill Race,Mountain View,Orchard Hill,Quiet Cove,Rocky Ford,Rolling Hills,"
        "Saddle Ridge,Shady Grove,Silver Creek,Spring Hollow,Stone Gate,Sunny Slope,Timber Trace,Turkey Run,"
        "Valley View,Wagon Wheel,Whispering Pines,Wild Rose,Windmill,Woodland"
    ).split(","),
    "flowers": (
        "Amaryllis Aster Azalea Begonia Bluebell Camellia Clover Columbine Crocus Daisy Dahlia Foxglove Gardenia "
        "Goldenrod Heather Hibiscus Honeysuckle Hyacinth Jasmine Jonquil Larkspur Lavender Lilac Marigold Myrtle "
        "Peony Periwinkle Primrose Rosemary Snowdrop Sunflower Trillium Verbena Violet Wisteria Zinnia"
    ).split(),
    "women": (
        "Adele Alma Bernice Carolyn Clara Della Dora Edith Eleanor Ella Estelle Flora Frances Hattie Helen Inez Irene "
        "Josephine Julia Lena Lillian Lois Louise Lucille Mattie Minnie Myra Nell Nora Olive Pearl Rosa Ruby Sadie "
        "Stella Viola Virginia"
    ).split(),
}

OLD_THEMES = ("surnames", "trees", "women")
OLD_TYPES = ("Street", "Avenue")
NEW_TYPES = ("Drive", "Lane", "Way", "Trail", "Terrace", "Road")
SHORT_TYPES = ("Court", "Place", "Circle")
CAMPUS_WORDS = (
    "Alumni",
    "Chancellor",
    "Library",
    "Quadrangle",
    "Scholars",
    "Stadium",
    "University",
    "Faculty",
)
INDUSTRY_WORDS = (
    "Commerce",
    "Enterprise",
    "Foundation",
    "Freight",
    "Industrial",
    "Logistics",
    "Millwright",
    "Spindle",
)

FIRST_NAMES = (
    "Aaron Alicia Amanda Andre Angela Antonio Ashley Barbara Benjamin Beverly Brandon Brenda Brian Calvin Carla Carlos "
    "Charlene Christina Clarence Courtney Crystal Curtis Daniel Darius Deborah Denise Derrick Diana Donald Dorothy "
    "Edward Elena Emily Eric Ernest Felicia Florence Franklin Gary Gloria Gregory Harold Heather Henry Howard Isaac "
    "Jacob Jamal Janet Jasmine Jerome Joanna Jorge Joyce Juan Karen Katrina Keisha Kenneth Kim Latoya Laura Leonard "
    "Leslie Linda Luis Marcus Maria Marvin Megan Melissa Michael Miguel Monica Nancy Nathan Nicole Norman Olivia Pamela "
    "Patricia Paula Phillip Rachel Raymond Rebecca Renee Ricardo Robert Rosa Russell Samantha Sandra Sharon Sheila "
    "Stephen Tamara Teresa Terrence Theodore Tiffany Travis Tyrone Valerie Vanessa Victor Virgil Wanda Wesley Yolanda"
).split()
LAST_NAMES = (
    "Adkins Alvarado Ames Atkinson Bagwell Barlow Beasley Bishop Boatwright Bowers Braswell Brewer Bridges Bullock "
    "Cagle Camp Carmichael Castillo Chambers Cofield Conner Crocker Dangerfield Daws Dillard Driver Duffey Eason "
    "Ellington Embry Farmer Faulkner Fitzgerald Flores Foster Gaddis Gamble Gilley Goodson Granger Green Gutierrez Hale "
    "Hammond Harmon Hendrix Herrera Holloway Hutcheson Ingram Jacobs Jenkins Jiles Joiner Kelley Kilgore Kimball Lamar "
    "Langley Lewis Lovelace Mabry Manning Martinez McBride McClendon McWhorter Merrell Milner Mooney Morales Nunn Ogle "
    "Okafor Ortega Parmer Patel Pearce Pope Powell Prather Ragsdale Ramirez Rhodes Rivera Rooks Sanders Shackelford "
    "Singh Skinner Sloan Spruill Strickland Stubbs Tanner Teague Thurman Tolbert Truitt Tyson Underwood Vaughn Velasco "
    "Walls Weathers Wiggins Wilkerson Worthy Wynn Yates"
).split()
TRADES = (
    "Auto Service,Bakery,Barber Shop,Cafe,Cleaners,Convenience,Dental Care,Diner,Drug Store,Family Dentistry,Florist,"
    "Food Mart,Furniture,Gas and Grocery,Grill,Hardware,Insurance,Jewellers,Laundromat,Liquor,Market,Motors,Nails,"
    "Optical,Pawn,Pharmacy,Pizza,Self Storage,Supply,Tax Service,Tire and Brake,Travel Centre,Veterinary Clinic"
).split(",")
FAITHS = (
    "Baptist Church",
    "United Methodist Church",
    "Presbyterian Church",
    "Church of God",
    "AME Church",
    "Chapel",
)
FAITH_WORDS = ("Bethel", "Calvary", "Cornerstone", "Ebenezer", "First", "Grace", "Macedonia", "Mount Olive", "New Hope",
               "Pleasant Hill", "Saint James", "Shiloh", "Trinity", "Victory", "Zion")  # fmt: skip


class StreetNames:
    """Hands out street names, each once."""

    def __init__(self, rng: np.random.Generator, taken: set[str]) -> None:
        """`taken` are the names that streets have already."""
        self._rng = rng
        self._taken = set(taken)
        self._themes = [str(theme) for theme in rng.permutation(list(THEMES))]

    def theme(self) -> str:
        """The next neighbourhood's theme."""
        self._themes.append(self._themes.pop(0))
        return self._themes[-1]

    def name(self, theme: str, metres: float, zone: str) -> str:
        """A name that no street has yet, for a street of this length in this zone."""
        words = THEMES[theme]
        types: tuple[str, ...] = NEW_TYPES if metres > 170 else SHORT_TYPES
        if zone == "old":
            types = OLD_TYPES
        elif zone == "campus":
            words, types = list(CAMPUS_WORDS), ("Drive", "Way", "Road", "Walk")
        elif zone == "industry":
            words, types = list(INDUSTRY_WORDS), ("Drive", "Way", "Parkway", "Court")
        for attempt in range(400):
            if attempt > 40:  # the theme is used up: any word will do
                words = THEMES[str(self._rng.choice(list(THEMES)))]
            if attempt > 150:
                types = NEW_TYPES + SHORT_TYPES
            name = f"{self._rng.choice(words)} {self._rng.choice(types)}"
            if name not in self._taken:
                break
            name = f"{self._rng.choice(('North', 'South', 'East', 'West', 'Old', 'Upper', 'Lower'))} {name}"
            if attempt > 250 and name not in self._taken:
                break
        self._taken.add(name)
        return name


def people(rng: np.random.Generator, count: int) -> NDArray[np.object_]:
    """First and last names, drawn apart."""
    first = np.array(FIRST_NAMES, object)[rng.integers(0, len(FIRST_NAMES), count)]
    last = np.array(LAST_NAMES, object)[rng.integers(0, len(LAST_NAMES), count)]
    return np.asarray(first + " " + last, object)


def organisations(rng: np.random.Generator, use: NDArray[np.object_]) -> NDArray[np.object_]:
    """Names for whoever uses buildings in these ways."""
    count = len(use)
    family = np.array(LAST_NAMES, object)[rng.integers(0, len(LAST_NAMES), count)]
    trade = np.array(TRADES, object)[rng.integers(0, len(TRADES), count)]
    faith = np.array(FAITH_WORDS, object)[rng.integers(0, len(FAITH_WORDS), count)] + (
        " " + np.array(FAITHS, object)[rng.integers(0, len(FAITHS), count)]
    )
    name = family + "'s " + trade
    for kind, words in (
        ("church", faith),
        ("school", family + " Elementary School"),
        ("hall", family + " Manufacturing"),
        ("workshop", family + " Industrial Supply"),
        ("office", family + " and Associates"),
        ("hospital", family + " Regional Hospital"),
        ("college", family + " Hall"),
    ):
        name[use == kind] = words[use == kind]
    return name
