"""The words synthetic specimens are made of: real names of taxa and countries, invented people.

Lists are ordered: what stands first is drawn most often, because collections are like that.
"""

from __future__ import annotations

COLUMNS = """
id modified license institutionID institutionCode collectionCode basisOfRecord occurrenceID
catalogNumber otherCatalogNumbers recordNumber recordedBy recordedByID individualCount sex lifeStage
preparations occurrenceRemarks eventDate year habitat continent country countryCode stateProvince
locality minimumElevationInMeters decimalLatitude decimalLongitude geodeticDatum
coordinateUncertaintyInMeters coordinatePrecision georeferencedBy identifiedBy identifiedByID
dateIdentified typeStatus identificationRemarks scientificName scientificNameAuthorship
scientificNameID taxonRank kingdom phylum class order family genus specificEpithet nomenclaturalCode
"""
MEDIA_COLUMNS = "identifier type format title created creator license"

FAMILIES = """
Animalia Arthropoda Insecta Coleoptera Carabidae: Carabus Pterostichus Bembidion Harpalus Amara
Plantae Tracheophyta Magnoliopsida Asterales Asteraceae: Hieracium Senecio Centaurea Aster Bidens
Animalia Arthropoda Insecta Lepidoptera Nymphalidae: Vanessa Boloria Melitaea Morpho Heliconius
Plantae Tracheophyta Liliopsida Poales Poaceae: Poa Festuca Agrostis Bromus Stipa Panicum
Animalia Arthropoda Insecta Hymenoptera Apidae: Bombus Apis Nomada Anthophora Xylocopa
Plantae Tracheophyta Magnoliopsida Fabales Fabaceae: Trifolium Vicia Acacia Astragalus Lupinus
Animalia Mollusca Gastropoda Stylommatophora Helicidae: Helix Cepaea Theba Arianta
Fungi Basidiomycota Agaricomycetes Agaricales Cortinariaceae: Cortinarius Inocybe Galerina
Plantae Tracheophyta Magnoliopsida Rosales Rosaceae: Rubus Rosa Potentilla Prunus Alchemilla
Animalia Chordata Aves Passeriformes Passeridae: Passer Montifringilla Petronia
Plantae Tracheophyta Liliopsida Poales Cyperaceae: Carex Cyperus Scirpus Eleocharis
Animalia Arthropoda Insecta Coleoptera Curculionidae: Otiorhynchus Sitona Ceutorhynchus Apion
Animalia Arthropoda Insecta Diptera Syrphidae: Eristalis Syrphus Cheilosia Platycheirus
Plantae Tracheophyta Magnoliopsida Lamiales Lamiaceae: Salvia Thymus Mentha Teucrium Stachys
Animalia Chordata Teleostei Cypriniformes Cyprinidae: Barbus Cyprinus Carassius Rutilus Leuciscus
Fungi Ascomycota Lecanoromycetes Lecanorales Cladoniaceae: Cladonia Pycnothelia
Animalia Arthropoda Insecta Lepidoptera Noctuidae: Noctua Agrotis Xestia Mythimna Apamea
Plantae Tracheophyta Magnoliopsida Brassicales Brassicaceae: Draba Cardamine Arabis Erysimum
Animalia Chordata Mammalia Rodentia Muridae: Mus Rattus Apodemus Micromys
Plantae Bryophyta Bryopsida Hypnales Hypnaceae: Hypnum Ctenidium Pylaisia
Animalia Mollusca Bivalvia Venerida Veneridae: Venus Tapes Dosinia Callista Chamelea
Chromista Ochrophyta Phaeophyceae Fucales Fucaceae: Fucus Pelvetia Ascophyllum
Animalia Arthropoda Arachnida Araneae Lycosidae: Pardosa Lycosa Trochosa Alopecosa
Plantae Tracheophyta Polypodiopsida Polypodiales Dryopteridaceae: Dryopteris Polystichum
Animalia Chordata Reptilia Squamata Lacertidae: Lacerta Podarcis Zootoca Acanthodactylus
Plantae Tracheophyta Magnoliopsida Caryophyllales Caryophyllaceae: Silene Dianthus Cerastium
Animalia Arthropoda Insecta Odonata Libellulidae: Sympetrum Libellula Orthetrum Trithemis
Plantae Tracheophyta Liliopsida Asparagales Orchidaceae: Orchis Dactylorhiza Ophrys Epipactis
Animalia Mollusca Gastropoda Neogastropoda Conidae: Conus Conasprella Profundiconus
Animalia Arthropoda Insecta Hemiptera Miridae: Lygus Orthops Phytocoris Adelphocoris
Plantae Tracheophyta Magnoliopsida Fagales Fagaceae: Quercus Fagus Castanea Lithocarpus
Animalia Chordata Amphibia Anura Ranidae: Rana Pelophylax Lithobates Hylarana
Fungi Basidiomycota Agaricomycetes Polyporales Polyporaceae: Polyporus Trametes Fomes Lenzites
Plantae Tracheophyta Magnoliopsida Ranunculales Ranunculaceae: Ranunculus Anemone Clematis
Animalia Arthropoda Malacostraca Decapoda Portunidae: Portunus Carcinus Callinectes
Animalia Chordata Aves Passeriformes Turdidae: Turdus Zoothera Catharus Sialia
Plantae Tracheophyta Pinopsida Pinales Pinaceae: Pinus Picea Abies Larix Cedrus
Animalia Arthropoda Insecta Orthoptera Acrididae: Chorthippus Locusta Oedipoda Omocestus
Plantae Rhodophyta Florideophyceae Ceramiales Rhodomelaceae: Polysiphonia Laurencia Osmundea
Animalia Echinodermata Asteroidea Forcipulatida Asteriidae: Asterias Marthasterias Leptasterias
Animalia Arthropoda Insecta Coleoptera Scarabaeidae: Onthophagus Aphodius Goliathus Cetonia
Plantae Tracheophyta Magnoliopsida Gentianales Rubiaceae: Galium Psychotria Coffea Cinchona
Animalia Cnidaria Anthozoa Scleractinia Acroporidae: Acropora Montipora Astreopora
Fungi Ascomycota Leotiomycetes Helotiales Helotiaceae: Hymenoscyphus Ombrophila
Animalia Chordata Mammalia Chiroptera Vespertilionidae: Myotis Pipistrellus Eptesicus Nyctalus
Plantae Tracheophyta Magnoliopsida Ericales Ericaceae: Erica Rhododendron Vaccinium Arctostaphylos
Animalia Annelida Polychaeta Phyllodocida Nereididae: Nereis Hediste Perinereis Platynereis
Animalia Arthropoda Insecta Trichoptera Limnephilidae: Limnephilus Halesus Potamophylax
Chromista Bacillariophyta Bacillariophyceae Naviculales Naviculaceae: Navicula Gyrosigma
Plantae Tracheophyta Magnoliopsida Myrtales Myrtaceae: Eucalyptus Eugenia Syzygium Myrcia
Animalia Arthropoda Insecta Plecoptera Perlidae: Perla Dinocras Agnetina Acroneuria
Plantae Marchantiophyta Jungermanniopsida Jungermanniales Scapaniaceae: Scapania Diplophyllum
Animalia Porifera Demospongiae Haplosclerida Chalinidae: Haliclona Chalinula
Animalia Chordata Aves Anseriformes Anatidae: Anas Anser Aythya Branta Cygnus
Plantae Chlorophyta Ulvophyceae Ulvales Ulvaceae: Ulva Umbraulva
Animalia Arthropoda Insecta Ephemeroptera Baetidae: Baetis Cloeon Centroptilum
Fungi Basidiomycota Pucciniomycetes Pucciniales Pucciniaceae: Puccinia Uromyces Gymnosporangium
Bacteria Cyanobacteria Cyanophyceae Nostocales Nostocaceae: Nostoc Anabaena Aphanizomenon
Animalia Chordata Elasmobranchii Carcharhiniformes Scyliorhinidae: Scyliorhinus Galeus
Protozoa Amoebozoa Myxogastrea Physarales Physaraceae: Physarum Badhamia Fuligo
"""
"""Kingdom, phylum, class, order, family, and genera of the family."""

EPITHETS = """
vulgaris montana alpina palustris minor officinalis maritima sylvestris communis aquatica major
arvensis nigra alba viridis rubra lutea grandis pallida glabra hirsuta tomentosa maculata striata
punctata bicolor tricolor variabilis elegans gracilis robusta parva tenuis longifolia angustata
orientalis occidentalis borealis australis meridionalis europaea africana americana japonica
indica capensis sibirica caucasica pyrenaica iberica italica graeca arctica antarctica insularis
littoralis fluviatilis terrestris nemoralis campestris pratensis rupestris saxatilis arenaria
"""

BOTANISTS = """
L.|(L.) Mill.|DC.|Willd.|Fr.|Hook.f.|(Pers.) Gray|Lam.|Müll.Arg.|Thunb.|(L.) Link|Benth.|Vahl
"""
ZOOLOGISTS = """
Linnaeus, 1758|Fabricius, 1775|(Fabricius, 1787)|Latreille, 1802|Panzer, 1796|Walker, 1856
Boisduval, 1832|Say, 1823|(Linnaeus, 1761)|Lamarck, 1818|(Müller, 1776)|Germar, 1824
"""

COUNTRIES = """
NL Europe Netherlands 50.8 53.4 3.6 7.1 Gelderland Zeeland Drenthe Limburg
DE Europe Germany 47.5 54.8 6.2 14.8 Bavaria Saxony Hesse Thuringia
GB Europe United_Kingdom 50.2 58.4 -5.5 1.5 England Scotland Wales
FR Europe France 42.6 50.9 -4.5 7.8 Bretagne Occitanie Normandie
EE Europe Estonia 57.6 59.6 22.0 28.0 Harju Tartu Saare Pärnu
ES Europe Spain 36.5 43.5 -8.8 3.0 Andalucía Aragón Galicia
US North_America United_States 30.0 48.5 -122.0 -75.0 California Texas Oregon Virginia
BR South_America Brazil -30.0 2.0 -65.0 -38.0 Amazonas Bahia Minas_Gerais Paraná
ID Asia Indonesia -9.0 4.0 97.0 138.0 Java Sumatra Sulawesi Papua
AU Oceania Australia -37.0 -14.0 116.0 151.0 Queensland Victoria Tasmania
ZA Africa South_Africa -34.0 -23.5 18.5 31.0 Western_Cape Limpopo Gauteng
IT Europe Italy 37.5 46.5 7.8 17.5 Toscana Sicilia Piemonte
SE Europe Sweden 55.6 68.0 12.0 22.0 Skåne Gotland Dalarna
SR South_America Suriname 2.2 5.8 -57.5 -54.3 Sipaliwini Brokopondo
KE Africa Kenya -4.0 4.0 34.5 41.0 Nairobi Kilifi Nakuru
JP Asia Japan 31.5 44.0 130.5 144.5 Hokkaido Nara Kyoto
MX North_America Mexico 16.0 30.5 -113.0 -90.0 Oaxaca Chiapas Sonora
CR North_America Costa_Rica 8.5 11.0 -85.6 -83.0 Puntarenas Limón Heredia
CM Africa Cameroon 3.0 11.5 9.5 15.5 Littoral Adamaoua
IN Asia India 9.0 31.0 72.0 93.0 Kerala Sikkim Assam
PE South_America Peru -16.5 -2.0 -79.5 -70.0 Cusco Loreto Ancash
NO Europe Norway 58.5 70.5 6.0 28.5 Finnmark Vestland Troms
CH Europe Switzerland 46.0 47.6 6.2 10.2 Valais Ticino Bern
PG Oceania Papua_New_Guinea -9.5 -3.5 141.5 149.0 Morobe Madang
MG Africa Madagascar -24.5 -13.5 44.5 49.5 Toamasina Toliara
CL South_America Chile -50.0 -20.0 -72.5 -69.0 Magallanes Atacama
TR Asia Türkiye 37.0 41.5 27.5 43.5 Antalya Rize Erzurum
EC South_America Ecuador -4.0 1.0 -80.0 -76.0 Pichincha Loja Galápagos
NZ Oceania New_Zealand -46.0 -36.0 168.5 177.5 Otago Waikato
GH Africa Ghana 5.2 10.8 -2.8 0.8 Central Ashanti
"""
"""Code, continent, country, south, north, west, east, provinces (`_` stands for a space)."""

GIVEN = "Anna Jan Maria Karl Elise Tomás Ingrid Pieter Sofia Henrik Amara Luis Yuki Otto Clara Eva"
SURNAME_HEADS = "Berg Linden Ros Hart Silver Wester Noord Ekel Stein Maur Quint Fal Dor Vand"
SURNAME_TAILS = "mark wald ova ström feld ani etti mann holm sen ard bury"

PLACE_HEADS = "Alder Stone Red Long Upper Lower Old White Saint_Anna's Great Little Black Mill"
PLACE_TAILS = "Creek Hill Valley Bridge Forest Lake Point Marsh Pass Meadow Island Station"
DIRECTIONS = "N NE E SE S SW W NW"
HABITATS = """
deciduous forest, leaf litter|dry calcareous grassland|rocky intertidal zone|raised bog|river bank
montane cloud forest|sandy beach, drift line|mown meadow|savanna on black clay|urban park
oak-hornbeam forest|coral rubble, 3–5 m|alpine scree|mangrove fringe|arable field margin
"""
REMARKS = """
label partly illegible|from the old general collection|with duplicate|photographed alive
specimen slightly damaged|on loan 1998–2004|remounted|flowers whitish|common here
tissue sample taken|ex coll. university|found dead|swept from vegetation|at light
"""
PREPARATIONS = {
    "Animalia": ("dry, pinned", "ethanol", "dry", "skin", "microscope slide"),
    "Fungi": ("dried fruit body", "packet"),
    "Plantae": ("herbarium sheet", "packet", "herbarium sheet; silica gel"),
}
"""What is kept of a specimen, by kingdom; the others are as plants."""
