/** An abstract class and not an interface: it is what the controller asks for, and interfaces vanish at run time. */
export abstract class IMessageProvider {
  abstract send(): Promise<void>;
}
