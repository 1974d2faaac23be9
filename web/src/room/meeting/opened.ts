/** The one thing that is open beside the stage. */
export type Opened = 'nothing' | 'chat' | 'people' | 'devices' | 'help';
