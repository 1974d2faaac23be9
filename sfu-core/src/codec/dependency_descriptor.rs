//! The Dependency Descriptor header extension (AV1 RTP payload specification, appendix A): what a frame is needed for,
//! readable without the payload, so also where the payload is encrypted end to end.

use super::bits::BitReader;
use super::descriptor::Resolution;
use crate::limits::FRAME_DIFFS_MAX;

/// Most decode targets of a structure (dt_cnt_minus_one is 5 bits).
pub const DECODE_TARGETS_MAX: usize = 32;
/// Most templates of a structure (a template id is 6 bits).
pub const TEMPLATES_MAX: usize = 64;
/// Most spatial layers of a structure (appendix A.8.3: MaxSpatialId is at most 3).
pub const SPATIAL_LAYERS_MAX: usize = 4;

/// The mandatory fields, with a structure if one is attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DependencyDescriptor {
    /// First packet of a frame.
    pub start_of_frame: bool,
    /// Last packet of a frame.
    pub end_of_frame: bool,
    /// frame_dependency_template_id, 0 to 63.
    pub template_id: u8,
    pub frame_number: u16,
    /// The template structure, which comes with each new coded video sequence.
    pub structure: Option<Box<TemplateStructure>>,
    /// Bit i set: decode target i is present from here on.
    pub active_decode_targets: Option<u32>,
}

/// A layer, as templates and decode targets name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TemplateLayer {
    pub spatial: u8,
    pub temporal: u8,
}

/// How a frame relates to a decode target (appendix A.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Indication {
    NotPresent,
    Discardable,
    Switch,
    Required,
}

/// The template structure that later frames' template ids refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateStructure {
    /// template_id_offset: the id of the first template.
    pub id_offset: u8,
    /// Number of decode targets, 1 to 32.
    pub decode_targets: u8,
    /// Number of templates, 1 to 64.
    pub templates: u8,
    layers: [TemplateLayer; TEMPLATES_MAX],
    /// Two bits for each decode target, target 0 lowest.
    indications: [u64; TEMPLATES_MAX],
    /// Size of each spatial layer, if stated.
    pub resolutions: [Option<Resolution>; SPATIAL_LAYERS_MAX],
}

impl TemplateStructure {
    /// The layer of a frame with this template id (appendix A.8.2); `None` if the id is not of this structure.
    pub fn layer(&self, template_id: u8) -> Option<TemplateLayer> {
        self.layers.get(self.index(template_id)?).copied()
    }

    /// What a frame with this template id is to a decode target, unless it carries custom indications.
    pub fn indication(&self, template_id: u8, decode_target: u8) -> Option<Indication> {
        if decode_target >= self.decode_targets {
            return None;
        }
        self.indications.get(self.index(template_id)?).map(|&all| indication(all, decode_target))
    }

    /// The highest layer that a decode target holds (appendix A.8.3.6); `None` if there is no such target.
    pub fn decode_target_layer(&self, decode_target: u8) -> Option<TemplateLayer> {
        if decode_target >= self.decode_targets {
            return None;
        }
        let present = self
            .layers
            .iter()
            .zip(&self.indications)
            .take(usize::from(self.templates))
            .filter(|&(_, &all)| indication(all, decode_target) != Indication::NotPresent);
        Some(present.fold(TemplateLayer::default(), |high, (layer, _)| TemplateLayer {
            spatial: high.spatial.max(layer.spatial),
            temporal: high.temporal.max(layer.temporal),
        }))
    }

    fn index(&self, template_id: u8) -> Option<usize> {
        let index = (template_id + 64).wrapping_sub(self.id_offset) % 64;
        (index < self.templates).then_some(usize::from(index))
    }
}

fn indication(all: u64, decode_target: u8) -> Indication {
    match (all >> (2 * u32::from(decode_target))) & 0b11 {
        0 => Indication::NotPresent,
        1 => Indication::Discardable,
        2 => Indication::Switch,
        _ => Indication::Required,
    }
}

/// The three mandatory bytes without a look at what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MandatoryFields {
    pub start_of_frame: bool,
    pub end_of_frame: bool,
    pub template_id: u8,
    pub frame_number: u16,
    /// A template structure follows.
    pub has_structure: bool,
}

/// Reads the mandatory fields; `None` if the extension is shorter than they are. Does not allocate.
pub fn parse_mandatory(extension: &[u8]) -> Option<MandatoryFields> {
    let [first, high, low] = *extension.first_chunk()?;
    Some(MandatoryFields {
        start_of_frame: first & 0x80 != 0,
        end_of_frame: first & 0x40 != 0,
        template_id: first & 0x3f,
        frame_number: u16::from_be_bytes([high, low]),
        has_structure: extension.get(3).is_some_and(|flags| flags & 0x80 != 0),
    })
}

/// Parses the extension; `None` if it is malformed. Allocates only for an attached structure.
pub fn parse(extension: &[u8]) -> Option<DependencyDescriptor> {
    let fields = parse_mandatory(extension)?;
    let mut descriptor = DependencyDescriptor {
        start_of_frame: fields.start_of_frame,
        end_of_frame: fields.end_of_frame,
        template_id: fields.template_id,
        frame_number: fields.frame_number,
        structure: None,
        active_decode_targets: None,
    };
    let Some(extended) = extension.get(3..).filter(|extended| !extended.is_empty()) else {
        return Some(descriptor);
    };
    let mut reader = BitReader::new(extended);
    let has_structure = reader.flag()?;
    let has_active_targets = reader.flag()?;
    reader.bits(3)?;
    if has_structure {
        let structure = read_structure(&mut reader)?;
        if has_active_targets {
            descriptor.active_decode_targets = Some(reader.bits(u32::from(structure.decode_targets))?);
        } else {
            descriptor.active_decode_targets = Some(u32::MAX >> (32 - u32::from(structure.decode_targets)));
        }
        descriptor.structure = Some(Box::new(structure));
    }
    // Without its structure the width of the bitmask is not known here; the next structure states it again.
    Some(descriptor)
}

fn read_structure(reader: &mut BitReader<'_>) -> Option<TemplateStructure> {
    let id_offset = reader.byte(6)?;
    let decode_targets = reader.byte(5)? + 1;
    let mut structure = TemplateStructure {
        id_offset,
        decode_targets,
        templates: 0,
        layers: [TemplateLayer::default(); TEMPLATES_MAX],
        indications: [0; TEMPLATES_MAX],
        resolutions: [None; SPATIAL_LAYERS_MAX],
    };
    let max_spatial = read_layers(reader, &mut structure)?;
    let templates = usize::from(structure.templates);
    for all in structure.indications.iter_mut().take(templates) {
        for target in 0..u32::from(decode_targets) {
            *all |= u64::from(reader.bits(2)?) << (2 * target);
        }
    }
    for _ in 0..templates {
        skip_frame_diffs(reader)?;
    }
    let chains = reader.non_symmetric(u32::from(decode_targets) + 1)?;
    if chains > 0 {
        for _ in 0..decode_targets {
            reader.non_symmetric(chains)?;
        }
        for _ in 0..templates {
            for _ in 0..chains {
                reader.bits(4)?;
            }
        }
    }
    if reader.flag()? {
        for resolution in structure.resolutions.iter_mut().take(usize::from(max_spatial) + 1) {
            let width = u16::try_from(reader.bits(16)?).ok()?.saturating_add(1);
            let height = u16::try_from(reader.bits(16)?).ok()?.saturating_add(1);
            *resolution = Some(Resolution { width, height });
        }
    }
    Some(structure)
}

/// template_layers(): fills in layers and their number, returns the highest spatial id.
fn read_layers(reader: &mut BitReader<'_>, structure: &mut TemplateStructure) -> Option<u8> {
    let mut layer = TemplateLayer::default();
    loop {
        *structure.layers.get_mut(usize::from(structure.templates))? = layer;
        structure.templates += 1;
        match reader.bits(2)? {
            0 => {}
            1 => layer.temporal = Some(layer.temporal + 1).filter(|&temporal| temporal < 8)?,
            2 => {
                layer.temporal = 0;
                layer.spatial = Some(layer.spatial + 1).filter(|&spatial| usize::from(spatial) < SPATIAL_LAYERS_MAX)?;
            }
            _ => return Some(layer.spatial),
        }
    }
}

fn skip_frame_diffs(reader: &mut BitReader<'_>) -> Option<()> {
    for _ in 0..FRAME_DIFFS_MAX {
        if !reader.flag()? {
            return Some(());
        }
        reader.bits(4)?;
    }
    None
}

/// Moves frame_number by `offset`, modulo 2^16, in place; differences and chains are relative and stay.
/// `None`, and nothing changed, if the extension is too short.
pub fn rewrite_frame_number(extension: &mut [u8], offset: u16) -> Option<()> {
    let number: &mut [u8; 2] = extension.get_mut(1..3)?.try_into().ok()?;
    *number = u16::from_be_bytes(*number).wrapping_add(offset).to_be_bytes();
    Some(())
}
