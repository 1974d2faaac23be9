//! What the templates of a Dependency Descriptor say of temporal layers: browsers that agreed on it leave them out of VP8's own
//! descriptor, and H264 has no other place for them.

use super::FrameStart;
use super::dependency_descriptor::{Indication, MandatoryFields, TemplateStructure};

/// Flag of frames whose indications are not those of their template (appendix A.8.2, custom_dtis_flag), in the fourth byte.
const CUSTOM_INDICATIONS: u8 = 0x20;

/// By template, what a frame's layer is, and whether more layers can be decoded from there on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemporalTemplates {
    id_offset: u8,
    templates: Vec<(u8, FrameStart)>,
}

impl TemporalTemplates {
    /// Of a stream with a single spatial layer; `None`: of those with more, frames cannot be left out yet.
    pub fn of(structure: &TemplateStructure) -> Option<Self> {
        let ids = (0..structure.templates).map(|place| structure.id_offset.wrapping_add(place) % 64);
        let kind = |id: u8| {
            let layer = structure.layer(id).filter(|layer| layer.spatial == 0)?;
            Some((layer.temporal, start(structure, id, layer.temporal)))
        };
        Some(Self { id_offset: structure.id_offset, templates: ids.map(kind).collect::<Option<_>>()? })
    }

    /// The layer of a packet's frame, and whether it begins it; `None` if the template is not of this structure.
    pub fn find(&self, fields: &MandatoryFields, descriptor: &[u8]) -> Option<(u8, FrameStart)> {
        let place = (fields.template_id + 64).wrapping_sub(self.id_offset) % 64;
        let (temporal, start) = *self.templates.get(usize::from(place))?;
        let is_custom = descriptor.get(3).is_some_and(|flags| flags & CUSTOM_INDICATIONS != 0);
        let start = match (fields.start_of_frame, is_custom) {
            (false, _) => FrameStart::No,
            (true, false) => start,
            (true, true) => FrameStart::Yes,
        };
        Some((temporal, start))
    }
}

/// Where a frame says of every decode target with more temporal layers that it is a switch, what follows needs nothing of those
/// layers from before it.
fn start(structure: &TemplateStructure, id: u8, temporal: u8) -> FrameStart {
    let is_above = |target: &u8| structure.decode_target_layer(*target).is_some_and(|layer| layer.temporal > temporal);
    let mut above = (0..structure.decode_targets).filter(is_above);
    match above.all(|target| structure.indication(id, target) == Some(Indication::Switch)) {
        true => FrameStart::SwitchUp,
        false => FrameStart::Yes,
    }
}
