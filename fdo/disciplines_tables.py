"""The words by which `fdo.disciplines` decides; lower case, letters only. Data, no logic."""

from __future__ import annotations

BASES: dict[str, tuple[str, str | None, str | None]] = {
    # letters of the basis of record: Darwin Core class, the discipline it decides, a weak hint
    "culturecollectionspecimen": ("LivingSpecimen", None, "Microbiology"),
    "drybotanicalspecimen": ("PreservedSpecimen", None, "Botany"),
    "dryspecimen": ("PreservedSpecimen", None, None),
    "fluidpreservedspecimen": ("PreservedSpecimen", None, None),
    "fossil": ("FossilSpecimen", "Palaeontology", None),
    "fossilspecimen": ("FossilSpecimen", "Palaeontology", None),
    "fossilspecimens": ("FossilSpecimen", "Palaeontology", None),
    "herbarium": ("PreservedSpecimen", None, "Botany"),
    "herbariumsheet": ("PreservedSpecimen", None, "Botany"),
    "herbariumsheets": ("PreservedSpecimen", None, "Botany"),
    "herbariumspecimen": ("PreservedSpecimen", None, "Botany"),
    "livingspecimen": ("LivingSpecimen", None, None),
    "livingspecimens": ("LivingSpecimen", None, None),
    "materialentity": ("MaterialEntity", None, None),
    "materialsample": ("MaterialSample", None, None),
    "meteorite": ("MeteoriteSpecimen", "Astrogeology", None),
    "meteoritespecimen": ("MeteoriteSpecimen", "Astrogeology", None),
    "mineral": ("MineralSpecimen", "Geology", None),
    "mineralspecimen": ("MineralSpecimen", "Geology", None),
    "microscopeslide": ("PreservedSpecimen", None, None),
    "otherspecimen": ("OtherSpecimen", None, None),
    "physicalspecimen": ("PreservedSpecimen", None, None),
    "pinnedspecimen": ("PreservedSpecimen", None, None),
    "preserved": ("PreservedSpecimen", None, None),
    "preservedspecimen": ("PreservedSpecimen", None, None),
    "preservedspecimens": ("PreservedSpecimen", None, None),
    "rock": ("RockSpecimen", "Geology", None),
    "rockspecimen": ("RockSpecimen", "Geology", None),
    "skin": ("PreservedSpecimen", None, "Zoology"),
    "skeleton": ("PreservedSpecimen", None, "Zoology"),
    "specimen": ("PreservedSpecimen", None, None),
    "tissuesample": ("MaterialSample", None, None),
    "voucher": ("PreservedSpecimen", None, None),
    "voucherspecimen": ("PreservedSpecimen", None, None),
}

KINGDOMS: dict[str, str] = {
    # Fungi and Chromista are kept with plants in collections; settled for this repository
    "animalia": "Zoology",
    "archaea": "Microbiology",
    "archaeplastida": "Botany",
    "bacteria": "Microbiology",
    "chromista": "Botany",
    "eubacteria": "Microbiology",
    "euryarchaeota": "Microbiology",
    "fungi": "Botany",
    "metazoa": "Zoology",
    "monera": "Microbiology",
    "mycota": "Botany",
    "plantae": "Botany",
    "protista": "Microbiology",
    "protoctista": "Microbiology",
    "protozoa": "Microbiology",
    "viridiplantae": "Botany",
    "virus": "Microbiology",
    "viruses": "Microbiology",
}

_TAXA = {
    "animalia": (
        "acanthocephala actinopteri actinopterygii amphibia anthozoa annelida arachnida "
        "arthropoda ascidiacea aves bivalvia brachiopoda bryozoa cephalopoda chaetognatha "
        "chilopoda chordata cnidaria coelenterata collembola copepoda crustacea ctenophora "
        "diplopoda echinodermata echinoidea elasmobranchii entognatha gastropoda hemichordata "
        "hydrozoa insecta kinorhyncha malacostraca mammalia maxillopoda mollusca myriapoda "
        "nematoda nematomorpha nemertea onychophora ophiuroidea pisces platyhelminthes "
        "polychaeta porifera priapulida reptilia rotifera scyphozoa sipuncula tardigrada "
        "thaliacea trilobita vertebrata"
    ),
    "plantae": (
        "anthocerotophyta anthophyta bryophyta bryopsida charophyta chlorophyta coniferophyta "
        "cycadophyta equisetopsida florideophyceae glaucophyta gnetophyta gymnospermae "
        "jungermanniopsida liliopsida lycopodiophyta lycopodiopsida magnoliophyta "
        "magnoliopsida marchantiophyta marchantiopsida pinophyta pinopsida polypodiophyta "
        "polypodiopsida pteridophyta rhodophyta spermatophyta streptophyta tracheophyta "
        "ulvophyceae"
    ),
    "fungi": (
        "agaricomycetes ascomycota basidiomycota blastocladiomycota chytridiomycota "
        "dothideomycetes eurotiomycetes glomeromycota lecanoromycetes leotiomycetes "
        "mucoromycota pucciniomycetes sordariomycetes zygomycota"
    ),
    "chromista": (
        "bacillariophyceae bacillariophyta cercozoa chrysophyceae ciliophora cryptophyta "
        "dinophyceae foraminifera haptophyta heterokontophyta myzozoa ochrophyta oomycetes "
        "oomycota phaeophyceae phaeophyta radiozoa"
    ),
    "protozoa": (
        "amoebozoa choanozoa eumycetozoa euglenozoa metamonada mycetozoa myxomycetes percolozoa"
    ),
    "bacteria": (
        "acidobacteria actinobacteria actinobacteriota actinomycetota bacillota bacteroidetes "
        "cyanobacteria cyanobacteriota cyanophyceae cyanophyta firmicutes proteobacteria "
        "pseudomonadota spirochaetes"
    ),
    "archaea": ("crenarchaeota nanoarchaeota thaumarchaeota thermoproteota"),
}
TAXA_OF_KINGDOMS: dict[str, str] = {
    taxon: kingdom for kingdom, taxa in _TAXA.items() for taxon in taxa.split()
}

COLLECTION_HINTS: tuple[tuple[str, str], ...] = (
    # asked only where basis and classification are silent (palaeontology: before both)
    (r"pal(?:a?e)ont|\bpal(?:a?e)o|\bfossil", "Palaeontology"),
    (r"meteorit", "Astrogeology"),
    (r"mineral|petrolog|petrograph|\brocks?\b|geolog|gemm?olog|\bores?\b|stratigraph", "Geology"),
    (r"herbari|botan|\balga|phycolog|bryo(?:phyt|log)|\bmoss|\bplants?\b|\bflora\b", "Botany"),
    (r"mycolog|\bfung|lichen|mushroom", "Botany"),
    (
        r"zoolog|entomolog|insect|mammal|\bbirds?\b|ornitholog|\bfish|ichthyo|herpet|reptil|amphib"
        r"|mollus|malacolog|vertebrat|arachn|spider|crustac|tunicat|vermes|coleopter|lepidopter"
        r"|dipter|hymenopter|\beggs?\b|oolog",
        "Zoology",
    ),
    (r"bacteri|microb|virus|virolog|culture collection|protozo", "Microbiology"),
    (r"anthropolog|archaeolog|archeolog|human remains", "Anthropology"),
)

CATEGORY_BY_TAXON: dict[str, str] = {
    # class, phylum or kingdom: the category of the fdo-profile's list
    "actinopteri": "Fishes",
    "actinopterygii": "Fishes",
    "amphibia": "Amphibians",
    "arachnida": "Arachnids",
    "archaea": "Bacteria & Archaea",
    "aves": "Birds",
    "bacillariophyceae": "Algae",
    "bacteria": "Bacteria & Archaea",
    "bryophyta": "Bryophytes",
    "bryopsida": "Bryophytes",
    "chilopoda": "Crustaceans & Myriapods",
    "chlorophyta": "Algae",
    "cnidaria": "Cnidaria",
    "coniferophyta": "Seed plants",
    "copepoda": "Crustaceans & Myriapods",
    "diplopoda": "Crustaceans & Myriapods",
    "echinodermata": "Echinodermata",
    "elasmobranchii": "Fishes",
    "fungi": "Macrofungi, Lichens & Myxomycetes",
    "insecta": "Insects",
    "liliopsida": "Seed plants",
    "magnoliophyta": "Seed plants",
    "magnoliopsida": "Seed plants",
    "malacostraca": "Crustaceans & Myriapods",
    "mammalia": "Mammals",
    "marchantiophyta": "Bryophytes",
    "mollusca": "Mollusca",
    "mycetozoa": "Macrofungi, Lichens & Myxomycetes",
    "myxomycetes": "Macrofungi, Lichens & Myxomycetes",
    "ochrophyta": "Algae",
    "phaeophyceae": "Algae",
    "pinopsida": "Seed plants",
    "polypodiopsida": "Pteridophytes",
    "porifera": "Porifera",
    "protozoa": "Protozoa",
    "pteridophyta": "Pteridophytes",
    "reptilia": "Reptiles",
    "rhodophyta": "Algae",
    "viruses": "Viruses",
}
